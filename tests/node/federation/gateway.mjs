// {url, headers, queries} on standard input; the answers of a gateway over the hub and the housing office on standard
// output. The hub's schema is asked for over HTTP, as a gateway does.
import { readFileSync } from "node:fs";
import { ApolloGateway, LocalGraphQLDataSource, RemoteGraphQLDataSource } from "@apollo/gateway";
import { composeServices } from "@apollo/composition";
import { buildSubgraphSchema } from "@apollo/subgraph";
import { parse } from "graphql";
import { HOUSING, resolvers } from "./housing.mjs";

const { url, headers, queries } = JSON.parse(readFileSync(0, "utf8"));
const asked = await fetch(url, {
  method: "POST",
  headers: { "content-type": "application/json", ...headers },
  body: JSON.stringify({ query: "{ _service { sdl } }" }),
});
const { data } = await asked.json();
const composed = composeServices([
  { name: "hub", url, typeDefs: parse(data._service.sdl) },
  { name: "housing", url: "http://127.0.0.1:2/graphql", typeDefs: HOUSING },
]);
if (composed.errors) throw composed.errors[0];

const sent = [];
class Hub extends RemoteGraphQLDataSource {
  willSendRequest({ request }) {
    for (const [name, value] of Object.entries(headers)) request.http.headers.set(name, value);
    sent.push(request.query);
  }
}
const silent = { debug() {}, info() {}, warn() {}, error() {} };
const gateway = new ApolloGateway({
  supergraphSdl: composed.supergraphSdl,
  logger: silent,
  buildService: (service) =>
    service.name === "hub" ? new Hub(service) : new LocalGraphQLDataSource(buildSubgraphSchema({ typeDefs: HOUSING, resolvers })),
});
const { executor, schema } = await gateway.load();
const answers = [];
for (const [place, query] of queries.entries()) {
  const answer = await executor({
    source: query,
    document: parse(query),
    request: { query },
    operationName: undefined,
    queryHash: String(place),
    context: {},
    cache: undefined,
    schema,
    metrics: {},
    logger: silent,
  });
  answers.push({ data: answer.data ?? null, errors: (answer.errors ?? []).map((error) => error.message) });
}
await gateway.stop();
console.log(JSON.stringify({ answers, sent }));
