// The peer: PostGraphile as its documentation sets it up for production, over the same tables.
//
//   node server.mjs URL PORT POOL [CLAIMS]      CLAIMS: JSON object of settings for row-level security
import { createServer } from "node:http";
import { postgraphile } from "postgraphile";
import { makePgService } from "postgraphile/adaptors/pg";
import { grafserv } from "postgraphile/grafserv/node";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";
import { jsonPgSmartTags } from "postgraphile/utils";
import { PostGraphileConnectionFilterPreset } from "postgraphile-plugin-connection-filter";

const [url, port, pool, claims] = process.argv.slice(2);
const pgSettings = claims ? JSON.parse(claims) : undefined;
const relations = jsonPgSmartTags({
  version: 1,
  config: {
    class: {
      // The keys of people live in another schema; the relation is as good as a foreign key.
      "registry.employment": { tags: { foreignKey: "(person_id) references registry.person (person_id)" } },
    },
  },
});
const preset = {
  extends: [PostGraphileAmberPreset, PostGraphileConnectionFilterPreset],
  plugins: [relations],
  // It offers filters on indexed columns alone otherwise.
  disablePlugins: ["PgIndexBehaviorsPlugin"],
  pgServices: [makePgService({ connectionString: url, schemas: ["registry"], poolConfig: { max: Number(pool) } })],
  gather: { installWatchFixtures: false },
  grafast: { explain: false, ...(pgSettings ? { context: () => ({ pgSettings }) } : {}) },
  grafserv: { graphqlPath: "/graphql", graphiql: false, watch: false },
};
const pgl = postgraphile(preset);
const server = createServer();
server.on("error", (error) => {
  console.error(error.message);
  process.exit(1);
});
await pgl.createServ(grafserv).addTo(server);
if (process.env.PRINT_SCHEMA) {
  const { printSchema } = await import("graphql");
  console.log(printSchema(await pgl.getSchema()));
}
server.listen(Number(port), "127.0.0.1", () => console.error("listening"));
