// A request's body on its way into the store: counted, its digests taken, and stopped, slowed or spoilt as planned.
import crypto from 'node:crypto';
import { Transform } from 'node:stream';
import { Crc64 } from './crc64.mjs';
import { Refusal } from './refusal.mjs';

export class Dropped extends Error {}

export class Body {
  #crc = new Crc64();
  #md5;
  #sha256;
  #bytes = 0;
  #digest;

  // expected: {md5 (base64), sha256 (hex)} as the request's headers have them.
  constructor(request, { fault, wantsMd5, md5, sha256 }) {
    this.length = Number(request.headers['content-length']);
    if (wantsMd5 || md5) this.#md5 = crypto.createHash('md5');
    if (sha256) this.#sha256 = crypto.createHash('sha256');
    const meter = new Transform({
      highWaterMark: 1 << 20,
      transform: (chunk, _, done) => this.#pass(chunk, fault, done),
      flush: (done) => done(this.#check(md5, sha256)),
    });
    request.on('error', (error) => meter.destroy(error));
    request.on('close', () => request.readableEnded || meter.destroy(new Dropped('the client has gone')));
    this.stream = request.pipe(meter);
  }

  #pass(chunk, fault, done) {
    if (fault?.kind === 'drop' && this.#bytes + chunk.length > fault.at) {
      this.#bytes = fault.at;
      done(new Dropped('as planned'));
      return;
    }
    if (fault?.kind === 'corrupt' && this.#bytes === 0) chunk[0] ^= 0xff;
    this.#bytes += chunk.length;
    this.#crc.update(chunk);
    this.#md5?.update(chunk);
    this.#sha256?.update(chunk);
    if (fault?.kind === 'slow') setTimeout(() => done(null, chunk), (1000 * chunk.length) / fault.rate);
    else done(null, chunk);
  }

  #check(md5, sha256) {
    if (this.#bytes !== this.length) return new Dropped('the body is short');
    this.#digest = this.#md5?.digest('hex');
    if (md5 && Buffer.from(md5, 'base64').toString('hex') !== this.#digest) {
      return new Refusal(400, 'InvalidDigest', 'The Content-MD5 you specified was invalid.');
    }
    if (sha256 && this.#sha256.digest('hex') !== sha256) {
      return new Refusal(400, 'XAmzContentSHA256Mismatch', "The provided 'x-amz-content-sha256' header does not match what was computed.");
    }
    return null;
  }

  size() {
    return this.#bytes;
  }

  crc() {
    return this.#crc.value();
  }

  md5() {
    return this.#digest;
  }
}
