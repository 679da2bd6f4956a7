// Who sent a request, and whether the signature is right: OSS's versions 1 and 4 by the vendor's own client library,
// AWS's version 4 (OSS has an S3 door) by a few lines of our own; radosgw and Swift prove that one independently.
import crypto from 'node:crypto';
import { createRequire } from 'node:module';
import { Refusal } from './refusal.mjs';

const quarter = 15 * 60 * 1000;

// What version 1 signs of a query: "Include a V1 signature in the Authorization header", CanonicalizedResource.
const subresources = new Set(['acl', 'uploads', 'location', 'cors', 'logging', 'website', 'referer', 'lifecycle', 'delete',
  'append', 'tagging', 'objectMeta', 'uploadId', 'partNumber', 'security-token', 'position', 'replication', 'bucketInfo',
  'comp', 'qos', 'status', 'symlink', 'stat', 'versions', 'versioning', 'versionId', 'restore', 'sequential', 'x-oss-process',
  'response-content-type', 'response-content-language', 'response-expires', 'response-cache-control',
  'response-content-disposition', 'response-content-encoding']);

const encode = (text) => encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

// modules: a folder with node_modules/ali-oss.
export function loadVendor(modules) {
  // The library sorts a query as people would (localeCompare: "a" before "Z"); the server, as documented, by the bytes of
  // what is encoded.
  String.prototype.localeCompare = function byEncodedBytes(other) {
    const [a, b] = [encode(this), encode(other)];
    return a < b ? -1 : Number(a > b);
  };
  return createRequire(`${modules}/`)('ali-oss/lib/common/signUtils');
}

function mismatch(user, given, toSign, bytes) {
  // The real server sends all this, too: what was signed holds the token.
  return new Refusal(403, 'SignatureDoesNotMatch',
    'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
    { OSSAccessKeyId: user.id, SignatureProvided: given, StringToSign: toSign,
      StringToSignBytes: bytes.toString('hex').replace(/..(?=.)/g, '$& ').toUpperCase() });
}

function checkTime(time, now) {
  if (Number.isNaN(time)) throw new Refusal(403, 'AccessDenied', 'OSS authentication requires a valid Date.');
  if (Math.abs(time - now) > quarter) {
    throw new Refusal(403, 'RequestTimeTooSkewed',
      'The difference between the request time and the current time is too large.',
      { MaxAllowedSkewMilliseconds: quarter, RequestTime: new Date(time).toISOString(), ServerTime: new Date(now).toISOString() });
  }
}

function checkToken(user, token, now) {
  if (!user.token && !token) return;
  if (!token) {
    throw new Refusal(403, 'InvalidAccessKeyId', 'The OSS Access Key Id you provided does not exist in our records.',
      { OSSAccessKeyId: user.id });
  }
  if (token !== user.token) throw new Refusal(403, 'InvalidSecurityToken', 'The security token you provided is invalid.');
  if (user.expires && now > Date.parse(user.expires)) {
    throw new Refusal(403, 'SecurityTokenExpired', 'The security token you provided has expired.');
  }
}

function compactTime(text) {
  return Date.parse(String(text).replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
}

export class Signatures {
  // users: [{id, secret, token?, expires?}]; region: of V4's scope, undefined: any.
  constructor(vendor, users, region) {
    Object.assign(this, { vendor, users, region, offset: 0 });
  }

  // request: {method, headers, query: [[name, value]], bucket, key, rawPath}. Returns {user, kind}.
  check(request) {
    const authorization = request.headers.authorization ?? '';
    const now = Date.now() + this.offset;
    if (authorization.startsWith('OSS4-HMAC-SHA256 ')) return { kind: 'v4', user: this.#ossV4(request, authorization, now) };
    if (authorization.startsWith('OSS ')) return { kind: 'v1', user: this.#ossV1(request, authorization, now) };
    if (authorization.startsWith('AWS4-HMAC-SHA256 ')) return { kind: 'aws', user: this.#awsV4(request, authorization, now) };
    throw new Refusal(403, 'AccessDenied', 'Anonymous access is forbidden for this operation.');
  }

  #user(id) {
    const user = this.users.find((one) => one.id === id);
    if (!user) {
      throw new Refusal(403, 'InvalidAccessKeyId', 'The OSS Access Key Id you provided does not exist in our records.',
        { OSSAccessKeyId: id });
    }
    return user;
  }

  #ossV1({ method, headers, query, bucket, key }, authorization, now) {
    const [, id, given] = /^OSS ([^:]+):(.*)$/.exec(authorization) ?? [];
    if (!id) throw new Refusal(400, 'InvalidArgument', 'Authorization header is invalid.');
    const user = this.#user(id);
    // Of two dates the server takes its own.
    const date = headers['x-oss-date'] ?? headers.date;
    checkTime(headers['x-oss-date']?.includes('T') ? compactTime(date) : Date.parse(date), now);
    checkToken(user, headers['x-oss-security-token'], now);
    const parameters = Object.fromEntries(query.filter(([name]) => subresources.has(name) || name.startsWith('x-oss-')));
    const resource = bucket ? `/${bucket}/${key}` : '/';
    const toSign = this.vendor.buildCanonicalString(method, resource,
      { headers: { 'content-type': '', ...headers }, parameters }, date);
    if (this.vendor.authorization(id, user.secret, toSign) !== authorization) {
      throw mismatch(user, given, toSign, Buffer.from(toSign));
    }
    return user;
  }

  #ossV4({ method, headers, query, bucket, key }, authorization, now) {
    const fields = Object.fromEntries(authorization.slice(17).split(/, */).map((field) => field.split(/=(.*)/s, 2)));
    const [id, day, region, product, ending] = (fields.Credential ?? '').split('/');
    if (product !== 'oss' || ending !== 'aliyun_v4_request') {
      throw new Refusal(400, 'InvalidArgument', 'Invalid Credential in Authorization header.');
    }
    if (fields.AdditionalHeaders === '') {
      throw new Refusal(400, 'InvalidArgument', 'AdditionalHeaders in Authorization header is empty.');
    }
    const user = this.#user(id);
    checkTime(compactTime(headers['x-oss-date']), now);
    if (!headers['x-oss-date'].startsWith(`${day}T`)) {
      throw new Refusal(400, 'InvalidArgument', 'Invalid signing date in Authorization header.');
    }
    if (headers['x-oss-content-sha256'] !== 'UNSIGNED-PAYLOAD') {
      throw new Refusal(400, 'InvalidArgument', 'Invalid x-oss-content-sha256.');
    }
    if (this.region && region !== this.region) {
      throw new Refusal(400, 'InvalidArgument', 'Invalid signing region in Authorization header.');
    }
    checkToken(user, headers['x-oss-security-token'], now);
    const { authorization: _, ...others } = headers;
    const queries = Object.fromEntries(query.map(([name, value]) => [name, value === '' ? null : value]));
    const additional = fields.AdditionalHeaders?.split(';') ?? [];
    const request = { headers: others, queries };
    const wanted = this.vendor.authorizationV4(id, user.secret, region, method, request, bucket || undefined,
      key || undefined, additional);
    if (/Signature=(.*)/.exec(wanted)[1] !== fields.Signature) {
      const canonical = this.vendor.getCanonicalRequest(method, request, bucket || undefined, key || undefined, additional);
      throw mismatch(user, fields.Signature, canonical, Buffer.from(canonical));
    }
    return user;
  }

  #awsV4({ method, headers, query, rawPath }, authorization, now) {
    const fields = Object.fromEntries(authorization.slice(17).split(/, */).map((field) => field.split(/=(.*)/s, 2)));
    const [id, day, region, service, ending] = (fields.Credential ?? '').split('/');
    const user = this.#user(id);
    checkTime(compactTime(headers['x-amz-date']), now);
    if (this.region && region !== this.region) {
      throw new Refusal(400, 'AuthorizationHeaderMalformed',
        `The authorization header is malformed; the region '${region}' is wrong; expecting '${this.region}'`,
        { Region: this.region });
    }
    checkToken(user, headers['x-amz-security-token'], now);
    const names = fields.SignedHeaders.split(';');
    for (const name of Object.keys(headers)) {
      if ((name.startsWith('x-amz-') || name === 'host') && !names.includes(name)) {
        throw new Refusal(403, 'AccessDenied', 'There were headers present in the request which were not signed');
      }
    }
    const byName = ([a], [b]) => (a < b ? -1 : a > b ? 1 : 0);
    const pairs = query.map(([name, value]) => [encode(name), encode(value)]).sort(byName).map((pair) => pair.join('='));
    const canonical = [method, rawPath, pairs.join('&'),
      ...names.map((name) => `${name}:${String(headers[name] ?? '').trim().replace(/\s+/g, ' ')}`), '', names.join(';'),
      headers['x-amz-content-sha256']].join('\n');
    const scope = [day, region, service, ending].join('/');
    const toSign = ['AWS4-HMAC-SHA256', headers['x-amz-date'], scope,
      crypto.createHash('sha256').update(canonical).digest('hex')].join('\n');
    let secret = `AWS4${user.secret}`;
    for (const step of [day, region, service, ending]) secret = crypto.createHmac('sha256', secret).update(step).digest();
    if (crypto.createHmac('sha256', secret).update(toSign).digest('hex') !== fields.Signature) {
      throw mismatch(user, fields.Signature, canonical, Buffer.from(canonical));
    }
    return user;
  }
}
