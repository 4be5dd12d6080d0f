"""The GraphQL API: roots, mutations, errors, HTTP."""
