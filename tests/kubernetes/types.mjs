// The published types as a list of the keys that each object may have: read off the declarations for TypeScript, which
// kubernetes-models carries for every object. Its schema itself lets unknown keys pass.
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

export class Types {
  #modules;
  #files = new Map();

  constructor(modules) {
    this.#modules = modules;
  }

  // Complains of each key below `value` that `type`, of the file `path`, does not know.
  check(value, path, type, complain, where = "") {
    const file = this.#file(join(this.#modules, path));
    const fields = file.interfaces.get(type);
    if (!fields) throw new Error(`${path} does not declare ${type}`);
    for (const [key, below] of Object.entries(value ?? {})) {
      const spot = where ? `${where}.${key}` : key;
      if (fields.has(key)) this.#below(below, fields.get(key), file, complain, spot);
      else complain(spot, "there is no such field");
    }
  }

  #below(value, type, file, complain, where) {
    if (value === null || typeof value !== "object") {
      if (/^(Array<|I[A-Z]|\{)/.test(type) && this.#interface(type, file)) complain(where, `is no ${type}`);
      return;
    }
    const list = /^Array<(.*)>$/s.exec(type);
    const map = /^\{\s*\[key: string\]: (.*);\s*\}$/s.exec(type);
    if (list) {
      if (!Array.isArray(value)) return complain(where, "is no list");
      for (const [i, item] of value.entries()) this.#below(item, list[1], file, complain, `${where}[${i}]`);
    } else if (map) {
      for (const [key, item] of Object.entries(value)) this.#below(item, map[1], file, complain, `${where}.${key}`);
    } else {
      const found = this.#interface(type, file);
      if (found) this.check(value, found.path, found.name, complain, where);
      else complain(where, `is no ${type}`);
    }
  }

  // Where an imported name is declared; nothing where it is another name for a simple type.
  #interface(type, file) {
    const path = file.imports.get(type);
    if (!path) return undefined;
    const there = this.#file(join(this.#modules, path));
    const name = there.names.get(type) ?? type;
    return there.interfaces.has(name) ? { path, name } : undefined;
  }

  #file(path) {
    if (this.#files.has(path)) return this.#files.get(path);
    const text = readFileSync(`${path}.d.ts`, "utf8").replace(/\/\*\*[\s\S]*?\*\//g, "");
    const file = { interfaces: new Map(), imports: new Map(), names: new Map() };
    for (const [, names, from] of text.matchAll(/^import \{ ([^}]*) \} from "([^"]*)";/gm)) {
      const target = from.startsWith(".") ? join(dirname(path), from).slice(this.#modules.length + 1) : from;
      if (existsSync(`${join(this.#modules, target)}.d.ts`)) for (const name of names.split(", ")) file.imports.set(name, target);
    }
    for (const [, name, body] of text.matchAll(/^export interface (\w+)[^{]*\{\n([\s\S]*?)^\}/gm)) {
      const fields = new Map();
      for (const [, key, type] of body.matchAll(/^ {4}"([^"]+)"\??: ((?:\{[\s\S]*?\n {4}\}|[^;]*));/gm)) fields.set(key, type);
      file.interfaces.set(name, fields);
    }
    for (const [, names] of text.matchAll(/^export \{ ([^}]*) \};/gm))
      for (const pair of names.split(", ")) {
        const [own, other] = pair.split(" as ");
        if (other) file.names.set(other, own);
      }
    this.#files.set(path, file);
    return file;
  }
}
