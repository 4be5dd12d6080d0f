// Runs the audits of the GraphQL over HTTP specification; reads {url, token, purpose} as JSON, prints the results as JSON.
import { readFileSync } from "node:fs";
import { serverAudits } from "graphql-http";

const { url, token, purpose } = JSON.parse(readFileSync(0, "utf8"));
const fetchFn = (address, options = {}) =>
  fetch(address, {
    ...options,
    headers: { ...options.headers, authorization: `Bearer ${token}`, "x-purpose": purpose },
  });
const results = [];
for (const audit of serverAudits({ url, fetchFn })) {
  const { id, name, status, reason } = await audit.fn();
  results.push({ id, name, status, reason: reason ? String(reason) : undefined });
}
console.log(JSON.stringify(results));
