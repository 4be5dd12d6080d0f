// GraphiQL on the hub's own endpoint. Token and purpose go in the header editor; neither is kept by the browser.
const headers = JSON.stringify({ Authorization: "Bearer ", "X-Purpose": "employment_service" }, null, 2);
const query = `# 云桥 Yunqiao. 左下“Headers”中填写令牌与用途。
# Put a token and a purpose into "Headers" below.
{
  me { kind name purposes }
  persons(first: 5, filter: { willing: true }) {
    totalCount
    nodes { id name educationLabel livingRegion { fullName } }
    pageInfo { hasNextPage endCursor }
  }
}
`;
ReactDOM.createRoot(document.getElementById("graphiql")).render(
  React.createElement(GraphiQL, {
    fetcher: GraphiQL.createFetcher({ url: "/graphql" }),
    defaultQuery: query,
    defaultHeaders: headers,
    shouldPersistHeaders: false,
    defaultEditorToolsVisibility: "headers",
  }),
);
