/** Design document with a function of each kind. */
export const ddoc = {
  owner: '1',
  json: JSON.stringify({
    _id: '_design/x',
    types: { good: 'exports.list = ["x"]' },
    filters: {
      good: 'function (doc, req) { return require("types/good").list.indexOf(doc.t) >= 0 && req.query.on }',
    },
    views: { big: { map: 'function (doc) { if (doc.n > 1) emit() }' } },
    validate_doc_update: `function (doc, old, user) {
      if (doc.no) throw { forbidden: 'no' }; if (doc.who) throw { unauthorized: user.name }; if (doc.bug) doc.x.y; if (doc.s) throw 's' }`,
    shows: { s: 'function (doc, req) { return "<" + doc._id + ">" }' },
    updates: { u: 'function (doc, req) { return [{ _id: "new", by: this._id }, { json: { a: 1 } }] }' },
    lists: {
      l: 'function (head, req) { start({ code: 201 }); var row; while (row = getRow()) send(row.key); return "." }',
    },
    rewrites: 'function (req) { return { path: "/a/" + req.path } }',
  }),
}

/** Known ways out of JavaScript sandboxes: each must throw, or give what does. */
export const escapes = [
  'this.constructor.constructor("return process")()',
  'emit.constructor("return process")()',
  'log.constructor.constructor("return globalThis.process.mainModule")()',
  '(function () { return this })().process.binding("fs")',
  'Function("return import(\'fs\')")().then.x.y',
  'import("fs").then(fs => emit(fs)).x.y',
  'require("fs")',
  'globalThis.require("child_process").execSync("id")',
  'new Error().constructor.prepareStackTrace("x")',
  '(Error.prepareStackTrace = (e, frames) => frames[0].getThis().process.exit(), new Error().stack.x.y)',
  'toJSON.caller.arguments[0].x',
  'std.exit(1)',
  'os.exec(["id"])',
  'new Worker("x")',
  'new SharedArrayBuffer(8).x.y',
  'WebAssembly.compile(new Uint8Array()).x',
  'fetch("http://127.0.0.1")',
  'new XMLHttpRequest()',
  'Deno.readTextFileSync("/etc/passwd")',
  'Reflect.construct(Function, ["return process.env"])()',
  'new Proxy(log, {}).constructor("return process")()',
  'Object.getPrototypeOf(log).constructor("return module")()',
]
