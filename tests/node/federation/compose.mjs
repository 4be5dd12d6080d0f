// {sdl} on standard input; {errors, supergraph} on standard output.
import { readFileSync } from "node:fs";
import { composeServices } from "@apollo/composition";
import { parse } from "graphql";
import { HOUSING } from "./housing.mjs";

const { sdl } = JSON.parse(readFileSync(0, "utf8"));
const composed = composeServices([
  { name: "hub", url: "http://127.0.0.1:1/graphql", typeDefs: parse(sdl) },
  { name: "housing", url: "http://127.0.0.1:2/graphql", typeDefs: HOUSING },
]);
console.log(
  JSON.stringify({
    errors: (composed.errors ?? []).map((error) => error.message),
    supergraph: composed.supergraphSdl ?? null,
  }),
);
