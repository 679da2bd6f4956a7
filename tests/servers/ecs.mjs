#!/usr/bin/env node
// A pretended ECS endpoint for tests of the import: each call's signature is checked with the vendor's own code, its
// parameters with the documented limits; tasks and images go through the states that a test plans. See README.md.
//
//   ecs.mjs [--modules DIR] [--port N] [--ready FILE] [--log FILE] [--region ID] [--oss http://127.0.0.1:PORT]
// Keys: ECS_ID, ECS_SECRET, and ECS_TOKEN where they are temporary (AKTEST and SKTEST by default).
import crypto from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import { parseArgs } from 'node:util';
import { Cloud } from './ecs/cloud.mjs';
import { Refusal } from './ecs/refusal.mjs';
import { Signatures } from './ecs/signatures.mjs';

const text = { type: 'string' };
const { values: options } = parseArgs({ options: { modules: { ...text, default: `${process.cwd()}/build/oracles/servers` },
  port: { ...text, default: '0' }, ready: text, log: text, region: { ...text, default: 'cn-hangzhou' }, oss: text } });

// Of the OSS front that is beside it: only what lies there whole can be imported.
async function hasObject(bucket, key) {
  const objects = await (await fetch(`${options.oss}/__objects/${bucket}`)).json();
  return objects.some((object) => (object.key ?? object) === key);
}

const user = { id: process.env.ECS_ID ?? 'AKTEST', secret: process.env.ECS_SECRET ?? 'SKTEST', token: process.env.ECS_TOKEN };
const signatures = new Signatures(options.modules, user);
const cloud = new Cloud(options.region, options.oss && hasObject);
let faults = [];
let log = [];

// The first planned fault that speaks of this action, used up.
function faultFor(action) {
  const fault = faults.find((one) => !one.action || one.action === action);
  if (!fault) return undefined;
  if (fault.after > 0) {
    fault.after -= 1;
    return undefined;
  }
  fault.times = (fault.times ?? 1) - 1;
  faults = faults.filter((one) => (one.times ?? 1) > 0);
  return fault;
}

function answer(reply, status, body, headers = {}) {
  const bytes = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  reply.writeHead(status, { 'content-type': 'application/json', 'content-length': bytes.length, ...headers });
  reply.end(bytes);
}

// What is no answer of an API's.
const oddities = {
  html: () => [502, '<html><body>502 Bad Gateway</body></html>', { 'content-type': 'text/html' }],
  notjson: () => [200, '{"ImageId": "m-'],
  deep: () => [200, '['.repeat(200000)],
  huge: () => [200, JSON.stringify({ ImageId: 'm-1', Filler: 'x'.repeat(4 << 20) })],
  types: () => [200, { ImageId: ['m-1'], TaskId: 7, TaskStatus: {}, Images: [], OperationProgressSet: 'none' }],
  names: () => [200, { ImageId: 'm-1\n--evil', TaskId: '../t', TaskStatus: '\u001b[31mred' }],
  redirect: () => [302, '', { location: 'http://127.0.0.1:1/' }],
};

async function control(request, reply, name, body) {
  const given = body ? JSON.parse(body) : undefined;
  if (name === 'faults') faults = [given].flat().map((fault) => ({ ...fault }));
  else if (name === 'plan') cloud.setPlan(given);
  else if (name === 'clock') signatures.clock = given.offset;
  else if (name === 'forget') cloud.images.forEach((image) => { image.gone = true; });
  else if (name === 'log' && request.method === 'DELETE') log = [];
  else if (name === 'log') return answer(reply, 200, log);
  else if (name === 'state') {
    return answer(reply, 200, { imports: cloud.imports, images: [...cloud.images.values()], tasks: [...cloud.tasks.values()] });
  } else return answer(reply, 404, {});
  return answer(reply, 200, '');
}

async function serve(request, reply) {
  const [path, query = ''] = request.url.split(/\?(.*)/s);
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  if (path.startsWith('/__')) return control(request, reply, path.slice(3), Buffer.concat(pieces).toString());

  const requestId = crypto.randomUUID().toUpperCase();
  const entry = { requestId };
  const note = (more) => {
    Object.assign(entry, more);
    log.push(entry);
    if (options.log) fs.appendFileSync(options.log, `${JSON.stringify(entry)}\n`);
  };
  try {
    const pairs = query.split('&').filter(Boolean).map((pair) => pair.split(/=(.*)/s, 2).map((part) => decodeURIComponent(part ?? '')));
    const parameters = Object.fromEntries(pairs);
    if (Object.keys(parameters).length !== pairs.length) throw new Refusal(400, 'InvalidParameter', 'A parameter is given twice.');
    if (path !== '/' || request.method !== 'POST' || pieces.length > 0) throw new Refusal(405, 'UnsupportedHTTPMethod', 'POST / is what this server takes.');
    const call = signatures.check(request.method, request.headers, parameters);
    Object.assign(entry, { action: call.action, signature: call.signature, parameters: call.parameters, agent: request.headers['user-agent'] });
    if (call.version !== '2014-05-26') throw new Refusal(400, 'InvalidVersion', 'Specified parameter Version is not valid.');
    const fault = faultFor(call.action);
    if (fault?.delay) await new Promise((resolve) => { setTimeout(resolve, fault.delay); });
    if (fault?.kind === 'drop') {
      note({ fault: 'drop' });
      return request.socket.destroy();
    }
    if (oddities[fault?.kind]) {
      note({ fault: fault.kind });
      return answer(reply, ...oddities[fault.kind]());
    }
    if (fault?.code) throw new Refusal(fault.status ?? 400, fault.code, fault.message ?? 'As planned.', fault.headers);
    const result = await cloud.call(call.action, call.parameters);
    note({ status: 200, fault: fault?.kind });
    if (fault?.kind === 'lose-reply') return request.socket.destroy();
    return answer(reply, 200, { RequestId: requestId, ...result });
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    note({ status: error.status, code: error.code });
    return answer(reply, error.status, { RequestId: requestId, HostId: request.headers.host, Code: error.code, Message: error.message,
      Recommend: 'https://error-center.aliyun.com/status/search' }, error.headers);
  }
}

const server = http.createServer((request, reply) => {
  serve(request, reply).catch((error) => {
    console.error(error);
    answer(reply, 500, { Code: 'InternalError', Message: String(error) });
  });
});
server.listen(Number(options.port), '127.0.0.1', () => {
  const { port } = server.address();
  if (options.ready) fs.writeFileSync(options.ready, `${port}\n`);
});
process.on('SIGTERM', () => process.exit(0));
