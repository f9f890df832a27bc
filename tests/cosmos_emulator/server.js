// Serves @vercel/cosmosdb-server on a free loopback port, with the gaps of version 1.0.1 filled that the store's
// contract suite would otherwise stumble over. tests/support/cosmos_emulator.py lists them. Prints one line,
// `listening on http://127.0.0.1:PORT`, when ready, and ends when its standard input does.
"use strict";

const library = "@vercel/cosmosdb-server/lib";
const readBody = require(`${library}/json`).default;
const documents = require(`${library}/handler/_document-operations`);
const { patchOperation } = require(`${library}/handler/_patch-operations`);

const ROLLED_BACK = 424;

function partitionOf(request) {
  const header = request.headers["x-ms-documentdb-partitionkey"];
  return header ? JSON.parse(header)[0] : undefined;
}

// The documents of one partition, looking like all documents: queries are not limited to the partition otherwise.
function limitedTo(collection, partition, id) {
  const key = collection.read().partitionKey.paths[0].slice(1);
  const entries = [...collection.documents._data].filter(([, item]) => {
    const data = item.read();
    return data[key] === partition && (id === undefined || data.id === id);
  });
  return Object.create(collection.documents, { _data: { value: new Map(entries) } });
}

// The emulator lower-cases a patch's condition, values included, and asks it of all partitions.
function conditionHolds(collection, partition, id, condition) {
  if (condition === undefined) return true;
  const where = condition.replace(/^from c where /i, "");
  return limitedTo(collection, partition, id).query({ query: `SELECT * FROM c WHERE ${where}` }, {}).result.length > 0;
}

// Whether the object or array exists that an operation's path leads to; the emulator takes the root instead.
function leadsSomewhere(document, { path }) {
  const names = path.slice(1).split("/");
  const last = names.pop();
  const parent = names.reduce((value, name) => (value && typeof value === "object" ? value[name] : undefined), document);
  return last === "-" ? Array.isArray(parent) : Boolean(parent) && typeof parent === "object";
}

// Runs `work` and takes back what it wrote when it answers with an error.
function allOrNothing(collection, work) {
  const store = collection.documents;
  const before = [new Map(store._data), new Map(store._index)];
  const result = work();
  if (result.statusCode >= 400) [store._data, store._index] = before;
  return result;
}

function patch(collection, partition, id, { operations, condition }) {
  const header = JSON.stringify([partition]);
  const current = () => documents.readOperation(collection, { partitionKey: header, id });
  if (current().statusCode === 404) return { statusCode: 404, body: {} };
  if (!conditionHolds(collection, partition, id, condition)) return { statusCode: 412, body: {} };
  return allOrNothing(collection, () => {
    for (const operation of operations) {
      if (!leadsSomewhere(current().body, operation)) return { statusCode: 400, body: { message: "no such path" } };
      const result = patchOperation(collection, { id, partitionKey: header, operations: [operation] });
      if (result.statusCode >= 400) return result;
    }
    return current();
  });
}

function applyOne(collection, partition, operation) {
  const input = { ...operation, partitionKey: JSON.stringify([partition]) };
  switch (operation.operationType) {
    case "Create":
      return documents.createOperation(collection, input);
    case "Replace":
      return documents.replaceOperation(collection, input);
    case "Delete":
      return documents.deleteOperation(collection, input);
    case "Patch":
      return patch(collection, partition, operation.id, operation.resourceBody);
    default:
      return { statusCode: 400, body: {} };
  }
}

function override(handler, replacement) {
  require(`${library}/handler/${handler}`).default = replacement;
}

override("batch-documents", async (account, request, response, { dbId, collId }) => {
  const operations = await readBody(request);
  const collection = account.database(dbId).collection(collId);
  const partition = partitionOf(request);
  const results = [];
  const outcome = allOrNothing(collection, () => {
    for (const operation of operations) {
      const { statusCode, body } = applyOne(collection, partition, operation);
      results.push({ statusCode, requestCharge: 1, eTag: body && body._etag, resourceBody: body });
      if (statusCode >= 400) return { statusCode };
    }
    return { statusCode: 200 };
  });
  if (outcome.statusCode === 200) return results;
  response.statusCode = 207;
  const failed = results.length - 1;
  return operations.map((_, i) => ({ statusCode: i === failed ? outcome.statusCode : ROLLED_BACK, requestCharge: 0 }));
});

override("patch-document", async (account, request, response, { dbId, collId, docId }) => {
  const body = await readBody(request);
  const collection = account.database(dbId).collection(collId);
  const result = patch(collection, partitionOf(request), docId, Array.isArray(body) ? { operations: body } : body);
  response.statusCode = result.statusCode;
  return result.body;
});

const readDocument = require(`${library}/handler/read-document`).default;
override("read-document", (account, request, response, names) => {
  request.headers["x-ms-documentdb-query-enablecrosspartition"] = "true";
  return readDocument(account, request, response, names);
});

const queryDocuments = require(`${library}/handler/query-documents`).default;
override("query-documents", (account, request, response, { dbId, collId }) => {
  request.headers["x-ms-documentdb-query-enablecrosspartition"] = "true";
  const collection = account.database(dbId).collection(collId);
  const partition = partitionOf(request);
  const view = partition === undefined ? collection.documents : limitedTo(collection, partition);
  const limited = Object.create(collection, { documents: { value: view } });
  const visible = { database: () => ({ collection: () => limited }) };
  return queryDocuments(visible, request, response, { dbId, collId });
});

// The ids of ranges are strings in the service, and session tokens are kept by them.
const readRanges = require(`${library}/handler/read-partition-key-ranges`).default;
override("read-partition-key-ranges", async (...given) => {
  const found = await readRanges(...given);
  if (!found || !found.PartitionKeyRanges) return found;
  return { ...found, PartitionKeyRanges: found.PartitionKeyRanges.map((range) => ({ ...range, id: String(range.id) })) };
});

const server = require("@vercel/cosmosdb-server").createHttpServer({ keepAlive: true });
server.listen(0, "127.0.0.1", () => {
  process.stdout.write(`listening on http://127.0.0.1:${server.address().port}\n`);
});
process.stdin.resume().on("end", () => process.exit(0));
