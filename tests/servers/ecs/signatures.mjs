// Who made a call, and whether its signature is right: ACS3 and RPC by the vendor's own library. A nonce counts once.
import crypto from 'node:crypto';
import { createRequire } from 'node:module';
import path from 'node:path';
import { Refusal } from './refusal.mjs';

const quarter = 15 * 60 * 1000;
const algorithm = 'ACS3-HMAC-SHA256';

export class Signatures {
  // modules: a folder with node_modules/@alicloud/openapi-util.
  constructor(modules, user) {
    this.vendor = createRequire(`${path.resolve(modules)}/`)('@alicloud/openapi-util').default;
    this.user = user;
    this.nonces = new Set();
    this.clock = 0; // seconds that the server's clock is wrong
  }

  // The action, the API's version and the parameters of the call.
  check(method, headers, query) {
    const acs3 = (headers.authorization ?? '').startsWith(algorithm);
    const call = acs3 ? this.#acs3(method, headers, query) : this.#rpc(method, query);
    if (Number.isNaN(call.time) || Math.abs(call.time - (Date.now() + this.clock * 1000)) > quarter) {
      throw new Refusal(400, 'InvalidTimeStamp.Expired', 'Specified time stamp or date value is expired.');
    }
    if (!call.nonce || this.nonces.has(call.nonce)) {
      throw new Refusal(400, 'SignatureNonceUsed', 'Specified signature nonce was used already.');
    }
    this.nonces.add(call.nonce);
    return { ...call, signature: acs3 ? 'acs3' : 'rpc' };
  }

  #known(id, token) {
    if (id !== this.user.id) throw new Refusal(404, 'InvalidAccessKeyId.NotFound', 'Specified access key is not found.');
    if (this.user.token && !token) throw new Refusal(400, 'MissingSecurityToken', 'SecurityToken is mandatory for this action.');
    if ((this.user.token ?? '') !== (token ?? '')) {
      throw new Refusal(400, 'InvalidSecurityToken.Expired', 'Specified SecurityToken is expired.');
    }
  }

  // The real server quotes what it signed: the key's id and the token are in there.
  #mismatch(toSign) {
    return new Refusal(400, 'SignatureDoesNotMatch',
      `Specified signature is not matched with our calculation. server string to sign is:${toSign}`);
  }

  #acs3(method, headers, query) {
    const { authorization } = headers;
    const fields = Object.fromEntries(authorization.slice(algorithm.length + 1).split(',').map((field) => field.split(/=(.*)/s, 2)));
    const signed = (fields.SignedHeaders ?? '').split(';');
    for (const name of Object.keys(headers)) {
      if ((name.startsWith('x-acs-') || name === 'host') && !signed.includes(name)) throw this.#mismatch(`${name} is not signed`);
    }
    this.#known(fields.Credential, headers['x-acs-security-token']);
    const empty = crypto.createHash('sha256').update('').digest('hex');
    if (headers['x-acs-content-sha256'] !== empty) throw this.#mismatch('the payload is another');
    const request = { method, pathname: '/', query, headers: Object.fromEntries(signed.map((name) => [name, headers[name]])) };
    const wanted = this.vendor.getAuthorization(request, algorithm, empty, this.user.id, this.user.secret);
    if (wanted !== authorization) throw this.#mismatch(`${wanted} ${JSON.stringify(headers)}`);
    return { action: headers['x-acs-action'], version: headers['x-acs-version'], nonce: headers['x-acs-signature-nonce'],
      time: Date.parse(headers['x-acs-date']), parameters: { ...query } };
  }

  #rpc(method, query) {
    const { Signature: given, ...parameters } = query;
    if (!parameters.AccessKeyId) throw new Refusal(400, 'MissingAccessKeyId', 'AccessKeyId is mandatory for this action.');
    this.#known(parameters.AccessKeyId, parameters.SecurityToken);
    const wanted = this.vendor.getRPCSignature(parameters, method, this.user.secret);
    if (parameters.SignatureMethod !== 'HMAC-SHA1' || parameters.SignatureVersion !== '1.0' || wanted !== given) {
      throw this.#mismatch(`${method}&%2F&${encodeURIComponent(new URLSearchParams(parameters))}`);
    }
    const { AccessKeyId, SecurityToken, Action, Version, Format, SignatureMethod, SignatureVersion, SignatureNonce, Timestamp,
      ...rest } = parameters;
    if (Format !== 'JSON') throw new Refusal(400, 'InvalidParameter.Format', 'The replies of this server are JSON.');
    return { action: Action, version: Version, nonce: SignatureNonce, time: Date.parse(Timestamp), parameters: rest };
  }
}
