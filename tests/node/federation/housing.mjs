// A made-up second subgraph: another department's houses, of the hub's people.
import { parse } from "graphql";

export const HOUSING = parse(`
  extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key", "@shareable"])

  type Query { repairs: [House!]! }
  type House { address: String!  owner: Person }
  type Person @key(fields: "id") { id: ID!  houseGrade: String }
  type PageInfo @shareable { hasNextPage: Boolean! }
`);

const grades = { "Person:1": "C", "Person:3": "D", "Person:9": "D" };

export const resolvers = {
  Query: {
    repairs: () => Object.keys(grades).map((id) => ({ address: `house of ${id}`, owner: { __typename: "Person", id } })),
  },
  Person: {
    __resolveReference: ({ id }) => ({ id }),
    houseGrade: ({ id }) => grades[id] ?? null,
  },
};
