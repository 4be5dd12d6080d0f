"""Parts of the comparison of GraphQL servers: the register loaded, the servers started, the load, the questions."""
