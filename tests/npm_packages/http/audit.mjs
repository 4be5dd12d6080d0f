// Runs the audits of the GraphQL over HTTP specification against a server; prints their results as JSON.
//
//   node audit.mjs URL TOKEN PURPOSE
import { serverAudits } from "graphql-http";

const [url, token, purpose] = process.argv.slice(2);
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
