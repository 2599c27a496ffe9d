//! Ways to write a dangerous call without naming it, each in one line, and ordinary code that looks similar.

use super::*;
use crate::domain::{CapabilityKind as Kind, Severity};

/// The lines that are not reported as a failure.
fn unseen(language: Language, lines: &[&'static str]) -> Vec<&'static str> {
    let is_seen = |line: &&str| {
        scan("tool", language, line).iter().any(|capability| capability.kind.severity() == Severity::High)
    };
    lines.iter().copied().filter(|line| !is_seen(line)).collect()
}

/// The lines that are reported, with their kind.
fn told(language: Language, lines: &[&'static str]) -> Vec<(&'static str, Vec<Kind>)> {
    let kinds = |line: &str| scan("tool", language, line).iter().map(|capability| capability.kind).collect::<Vec<_>>();
    lines.iter().map(|line| (*line, kinds(line))).filter(|(_, kinds)| !kinds.is_empty()).collect()
}

#[test]
fn javascript_that_hides_a_name_is_seen() {
    let lines = [
        "globalThis['ev' + 'al'](x)",
        "global['e' + 'v' + 'al'](x)",
        "const k = 'ev' + 'al'; globalThis[k](x)",
        "globalThis[['ev', 'al'].join('')](x)",
        "globalThis['lave'.split('').reverse().join('')](x)",
        "globalThis[String.fromCharCode(101, 118, 97, 108)](x)",
        "globalThis[atob('ZXZhbA==')](x)",
        "globalThis[Buffer.from('ZXZhbA==', 'base64').toString()](x)",
        "globalThis[Buffer.from('6576616c', 'hex').toString('utf8')](x)",
        "globalThis['\\u0065val'](x)",
        "globalThis[`ev${'al'}`](x)",
        "globalThis['e'.concat('val')](x)",
        "globalThis['exxval'.replace('xx', '')](x)",
        "globalThis[name](x)",
        "const f = globalThis[name]; f(x)",
        "global[a + b](c)",
        "process[name](x)",
        "module[name](x)",
        "require[name]",
        "const r = global['req' + 'uire']; r(x)",
        "module['requ' + 'ire'](x)",
        "module[x + 'ire']('child_process')",
        "[]['constructor']['constructor']('return process')()",
        "[].filter.constructor('return 1')()",
        "''['sub']['constructor']('return 1')()",
        "(() => {}).constructor('return process')()",
        "(function () {}).constructor('x')",
        "(async () => {}).constructor(code)()",
        "const C = 'constructor'; [][C][C](x)()",
        "const c = 'constr' + 'uctor'; (0)[c][c](code)()",
        "Object.getPrototypeOf(async function () {}).constructor(code)",
        "const A = Object.getPrototypeOf(function* () {}).constructor; new A(code)()",
        "Function('return process')()",
        "Function.prototype.constructor('x')()",
        "Function.apply(null, ['x'])()",
        "Function.call(null, 'x')()",
        "Function.bind(null, 'x')()",
        "const F = Function; F('x')",
        "Reflect.construct(Function, ['x'])()",
        "Reflect.apply(eval, null, [x])",
        "Reflect.get(globalThis, 'ev' + 'al')(x)",
        "Reflect.get(globalThis, name)(x)",
        "Reflect.get(process, 'main' + 'Module')[name]",
        "Object.getOwnPropertyDescriptor(globalThis, name).value(x)",
        "Object.values(globalThis).find((v) => v.name === n)(x)",
        "Object.entries(process.mainModule)[2]",
        "module.constructor._load('child_' + x)",
        "module.constructor._load(name)",
        "require('module')._load(name)",
        "process.mainModule.constructor._load(name)",
        "import('node:' + x)",
        "import('child_' + 'process').then(m => m['ex' + 'ec']('id'))",
        "const name = ['child', 'process'].join('_'); import(name).then((m) => m['ex' + 'ecSync']('id'))",
        "const fs = require('f' + 's')",
        "import(`${x}`)",
        "require('child' + x)",
        "require.main.require(name)",
        "module.require(name)",
        "const r = require; r(name)",
        "(0, require)(name)",
        "(0, eval)(x)",
        "(1, eval)(x)",
        "eval?.(x)",
        "window.eval(x)",
        "this['ev' + 'al'](x)",
        "setTimeout('x' + y, 1)",
        "setTimeout(String(x), 1)",
        "new Function(...args)",
        "const {['ev' + 'al']: run} = globalThis; run(x)",
        "const {eval: run} = globalThis; run(x)",
        "const {[name]: run} = globalThis; run(x)",
        "for (const k of Object.keys(globalThis)) globalThis[k](x)",
        "with (globalThis) { run(x) }",
        "require('vm').runInThisContext(x)",
        "require(Buffer.from('Y2hpbGRfcHJvY2Vzcw==', 'base64') + '').exec(x)",
        "require(['child', 'process'].join('_')).exec(x)",
        "require('child_process')['ex' + 'ec'](x)",
        "require('child_process')[name](x)",
        "const cp = require('child_process'); const f = cp[name]; f(x)",
        "process['bind' + name]('spawn_sync')",
    ];
    assert_eq!(unseen(Language::JavaScript, &lines), [""; 0]);
}

#[test]
fn what_leads_past_the_modules_of_node_is_told() {
    let text =
        "process.binding('spawn_sync'); process._linkedBinding('x'); module.constructor._load('child_process').exec(x)";
    let kinds: Vec<Kind> = scan("t.js", Language::JavaScript, text).into_iter().map(|found| found.kind).collect();
    assert_eq!(kinds, [Kind::Obfuscation, Kind::Obfuscation, Kind::ShellText]);
}

#[test]
fn ordinary_javascript_hides_nothing() {
    let lines = [
        "class A { constructor() { super(); } } new A()",
        "if (x.constructor === Object) f(x.constructor.name)",
        "const copy = new value.constructor(value)",
        "const copy = new this.constructor(value)",
        "this.constructor.create(x)",
        "this[name](x)",
        "handlers[name](x); table[key] = 1; list[0]()",
        "const words = ['a', 'b'].join(' ')",
        "const s = String.fromCharCode(65 + n)",
        "Reflect.get(target, key, receiver)",
        "Reflect.ownKeys(object); Object.entries(object)",
        "const text = Buffer.from(input, 'base64').toString('utf8')",
        "module.exports = { a, [b]: 1 }",
        "module.exports[name] = f",
        "exports[name] = f",
        "require.main === module",
        "process.stdout.write('x'); process.argv[2]; process.argv[i]; process.exitCode = 1",
        "process.versions[name]; process.memoryUsage()[key]",
        "process.on('exit', () => {}); process.exit(1)",
        "globalThis.crypto.randomUUID(); structuredClone(x)",
        "globalThis.console.log(1)",
        "import('./own.js'); require('./own/' + name)",
        "setTimeout(() => f(x), 10); setTimeout(f, 10); setTimeout(resolve, ms)",
        "const f = Function.prototype.call.bind(Array.prototype.slice)",
        "x instanceof Function",
        "typeof require === 'function' && typeof process !== 'undefined'",
        "fn.call(this, a); fn.apply(null, args)",
        "Object.getPrototypeOf(x).constructor.name",
        "Object.getOwnPropertyDescriptor(Array.prototype, 'map')",
        "'a-b'.split('-').reverse().join('-')",
    ];
    assert_eq!(told(Language::JavaScript, &lines), []);
}

#[test]
fn python_that_hides_a_name_is_seen() {
    let lines = [
        "getattr(__builtins__, 'ev' + 'al')(x)",
        "getattr(__builtins__, name)(x)",
        "import builtins\ngetattr(builtins, ''.join(['e', 'val']))(x)",
        "import builtins\nbuiltins.__dict__['ev' + 'al'](x)",
        "import builtins\nvars(builtins)[name](x)",
        "__import__('o' + 's').system(x)",
        "__import__(''.join(['o', 's'])).system(x)",
        "__import__('so'[::-1]).system(x)",
        "__import__(chr(111) + chr(115)).system(x)",
        "import base64\n__import__(base64.b64decode('b3M=').decode()).system(x)",
        "__import__(bytes([111, 115]).decode()).system(x)",
        "__import__(bytes.fromhex('6f73').decode()).system(x)",
        "__import__('%s%s' % ('o', 's')).system(x)",
        "__import__('{}{}'.format('o', 's')).system(x)",
        "__import__('oXs'.replace('X', '')).system(x)",
        "import importlib\nimportlib.import_module(x)",
        "import importlib\nimportlib.__import__(x)",
        "from importlib import import_module as m\nm(x)",
        "().__class__.__bases__[0].__subclasses__()",
        "().__class__.__bases__[0].__subclasses__()[104].load_module('os')",
        "getattr(().__class__, '__ba' + 'ses__')",
        "''.__class__.__mro__[1].__subclasses__()",
        "globals()['__buil' + 'tins__']",
        "globals()['__builtins__']['eval'](x)",
        "globals()['ev' + 'al'](x)",
        "globals()[name](x)",
        "locals()[name]()",
        "vars()['__builtins__']",
        "globals().get('__builtins__')",
        "globals().get(name)(x)",
        "__builtins__[name]",
        "f.__globals__['os']",
        "f.__code__ = g.__code__",
        "import sys\nsys.modules['o' + 's'].system(x)",
        "import sys\nsys.modules[name].system(x)",
        "import sys\nsys.modules.get(name).system(x)",
        "import os\nos.__dict__[name](x)",
        "import os\nvars(os)['sys' + 'tem'](x)",
        "import os\ngetattr(os, 'sys' + 'tem')(x)",
        "import os\ngetattr(os, name)",
        "import subprocess\ngetattr(subprocess, name)(x)",
        "import os\nos.__getattribute__('system')(x)",
        "import os\nobject.__getattribute__(os, 'system')(x)",
        "import operator, os\noperator.attrgetter('system')(os)(x)",
        "import operator, os\noperator.methodcaller('system', x)(os)",
        "e = eval\ne(x)",
        "list(map(eval, x))",
        "[eval][0](x)",
        "(lambda f: f(x))(eval)",
        "import builtins\nbuiltins.eval(x)",
        "from builtins import eval as e\ne(x)",
        "import code\ncode.interact()",
        "import codecs\nexec(codecs.decode(x, 'rot13'))",
        "import types\ntypes.FunctionType(c, {})()",
        "import ctypes, pickle\npickle.loads(x)",
        "import zlib\nexec(zlib.decompress(x))",
        "__builtins__.__dict__['ev' + 'al'](x)",
    ];
    assert_eq!(unseen(Language::Python, &lines), [""; 0]);
}

#[test]
fn ordinary_python_hides_nothing() {
    let lines = [
        "getattr(self, 'run_' + kind)(x)",
        "getattr(args, name)",
        "getattr(module, 'main')()",
        "globals()['CACHE'] = {}",
        "x = self.__class__.__name__",
        "self.__class__(x)",
        "type(self).__mro__",
        "for sub in Base.__subclasses__(): pass",
        "vars(args)[key]",
        "args.__dict__[key]",
        "import sys\n'os' in sys.modules",
        "import operator\nsorted(x, key=operator.attrgetter('name'))",
        "import operator\noperator.itemgetter(1)",
        "import os\ngetattr(os, 'cpu_count')()",
        "import os\nhasattr(os, 'fork')",
        "''.join(['a', 'b'])\n'abc'[::-1]",
        "chr(65) + chr(n)",
        "import base64\nbase64.b64decode(x).decode()",
        "import importlib\nimportlib.import_module('json')",
        "__import__('json').loads(x)",
        "bytes([1, 2]).hex()",
    ];
    assert_eq!(told(Language::Python, &lines), []);
}

#[test]
fn shell_that_hides_a_command_is_seen() {
    let lines = [
        "eval \"$x\"",
        "$'\\x63\\x75\\x72\\x6c' x",
        "$'\\162\\155' -rf x",
        "$'r\\x6d' -rf x",
        "x=r y=m; ${x}${y} -rf z",
        "a=cu b=rl; $a$b https://x.y",
        "\"$a$b\" x",
        "${a}rl x",
        "c${b}l x",
        "$(echo rm) -rf x",
        "`echo rm` x",
        "$(printf '\\x72\\x6d') x",
        "echo cm0gLXJm | base64 -d | sh",
        "base64 -d x | bash -s",
        "base64 --decode <<< cm0= | sh",
        "bash <(curl https://a.b)",
        "bash <<< \"$x\"",
        "sh -c \"$(echo cm0= | base64 -d)\"",
        "source <(curl https://a.b)",
        ". /dev/stdin <<< \"$x\"",
        "curl https://a.b | sudo bash",
        "echo x | rev | bash",
        "rm$IFS-rf$IFS/x",
        "${IFS}rm",
        "${!name} x",
        "${x:0:1}${y:2:1} z",
        "${x//a/b} y",
        "command $a$b",
        "env $a$b",
        "xargs $a$b",
        "xargs sh -c \"$x\"",
        "find . -exec sh -c \"$x\" \\;",
        "perl -e \"$x\"",
        "python3 -c \"$x\"",
        "node -e \"$x\"",
        "perl -e 'unlink <*>'",
        "perl -lne 'system $_'",
        "timeout 5 ruby -e 'puts `id`'",
        "bash -c 'lua -e \"os.execute(1)\"'",
        "python3 -c 'import os; os.system(input())'",
        "sudo python3 -Ic 'exec(input())'",
        "node -pe 'eval(process.argv[1])'",
        "awk \"BEGIN { system(\\\"$x\\\") }\"",
    ];
    assert_eq!(unseen(Language::Bash, &lines), [""; 0]);
}

#[test]
fn ordinary_shell_hides_nothing() {
    let lines = [
        "set -euo pipefail",
        "x=1; echo \"$x\" \"${x}\" | sort | uniq -c",
        "trap 'echo bye' EXIT",
        "alias ll='ls -l'",
        "c=wc; \"$c\" -l",
        "printf '%s\\n' $'a\\tb'",
        "work() { echo \"$1\"; }; work a",
        "cat \"$1\" | head -n 3 | tr a b | sort -u | wc -l; awk '{ print $1 }' x; sed 's/a/b/' x; find . -name x",
        "tmp=x; trap \"echo $tmp\" EXIT",
    ];
    assert_eq!(told(Language::Bash, &lines), []);
}
