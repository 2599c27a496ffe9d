//! Words for the user, long options and destructuring: pairs that are the same or only tell the user something else, and pairs
//! that look like them and do harm.

use super::attacks::silent;

/// A file, and its text before and after.
type Change = (&'static str, &'static str, &'static str);

/// Changes without a warning.
const HARMLESS: &[Change] = &[
    // One more line in a usage text.
    (
        "t.sh",
        "#!/bin/bash\nprint_help() {\n  cat <<'EOF'\nUsage: t [OPTION]\n  -a  all\nEOF\n}\nif [ \"$1\" = -h ]; then\n  print_help\n  exit 0\nfi\nls\n",
        "#!/bin/bash\nprint_help() {\n  cat <<'EOF'\nUsage: t [OPTION]\n  -a  all\n  -b  both\nEOF\n}\nif [ \"$1\" = -h ]; then\n  print_help\n  exit 0\nfi\nls\n",
    ),
    (
        "t.sh",
        "#!/bin/bash\nusage() {\n  cat <<EOF >&2\nUsage: $0 [OPTION]\n  -a  all\nEOF\n}\n[ $# -gt 0 ] || usage\nls\n",
        "#!/bin/bash\nusage() {\n  cat <<EOF >&2\nUsage: $0 [OPTION]\n  -a  all, see $0 -h\nEOF\n}\n[ $# -gt 0 ] || usage\nls\n",
    ),
    (
        "t.sh",
        "#!/bin/bash\nshow_usage() {\n  echo \"usage: t [-a]\"\n  echo \"  -a  all\"\n}\ncase \"$1\" in\n  -h) show_usage ;;\nesac\n",
        "#!/bin/bash\nshow_usage() {\n  echo \"usage: t [-a] [-b]\"\n  echo \"  -a  all\"\n  echo \"  -b  both\"\n}\ncase \"$1\" in\n  -h) show_usage ;;\nesac\n",
    ),
    (
        "t.sh",
        "#!/bin/bash\nif [ $# -lt 1 ]; then\n  echo \"usage: $(basename \"$0\") ID\" >&2\n  exit 2\nfi\ncp \"$1\" b\n",
        "#!/bin/bash\nif [ $# -lt 1 ]; then\n  cat >&2 <<USAGE\nusage: $(basename \"$0\") ID\n\n  ID  the name\nUSAGE\n  exit 2\nfi\ncp \"$1\" b\n",
    ),
    (
        "t.py",
        "import sys\ndef usage():\n    print('usage: t FILE')\nif len(sys.argv) < 2:\n    usage()\n    sys.exit(2)\ncopy(sys.argv[1])\n",
        "import sys\ndef usage():\n    print('usage: t FILE')\n    print('  FILE  what is copied')\nif len(sys.argv) < 2:\n    usage()\n    sys.exit(2)\ncopy(sys.argv[1])\n",
    ),
    (
        "t.py",
        "import sys\nUSAGE = 'usage: t FILE'\nif len(sys.argv) < 2:\n    print(USAGE)\nelse:\n    copy(sys.argv[1])\n",
        "import sys\nUSAGE = 'usage: t FILE, which is copied'\nif len(sys.argv) < 2:\n    print(USAGE)\nelse:\n    copy(sys.argv[1])\n",
    ),
    (
        "t.js",
        "function printHelp() {\n  console.log('Usage: t FILE');\n}\nif (process.argv[2] === '-h') printHelp();\nelse copy(process.argv[2]);\n",
        "function printHelp() {\n  console.log('Usage: t FILE');\n  console.log('  FILE  what is copied');\n}\nif (process.argv[2] === '-h') printHelp();\nelse copy(process.argv[2]);\n",
    ),
    (
        "t.pl",
        "die \"Usage: t [-v] FILE\\n\"\n    unless GetOptions('v' => \\$v);\ncopy($f);\n",
        "die \"Usage: t [-v] FILE\\n\",\n    \"  -v  say more\\n\"\n    unless GetOptions('v' => \\$v);\ncopy($f);\n",
    ),
    (
        "t.py",
        "import click\n@click.command()\n@click.option('--all', help='All of them.')\ndef main(all):\n    show(all)\n",
        "import click\n@click.command()\n@click.option('--all', help='Show all of them.')\ndef main(all):\n    show(all)\n",
    ),
    // What a function of the program reports.
    (
        "t.sh",
        "#!/bin/bash\ndie() {\n  echo \"t: $*\" >&2\n  exit 1\n}\n[ -f \"$1\" ] || die \"no file\"\ncp \"$1\" b\n",
        "#!/bin/bash\ndie() {\n  echo \"t: $*\" >&2\n  exit 1\n}\n[ -f \"$1\" ] || die \"not a file: $1\"\ncp \"$1\" b\n",
    ),
    (
        "t.sh",
        "#!/bin/bash\nlog() { echo \"[t] $*\" >&2; }\nlog \"copying\"\ncp \"$1\" b\n",
        "#!/bin/bash\nlog() { echo \"[t] $*\" >&2; }\nlog \"copying the file\"\ncp \"$1\" b\n",
    ),
    (
        "t.py",
        "import os, sys\ndef fail(text):\n    sys.stderr.write(f't: {text}\\n')\n    sys.exit(2)\nif len(sys.argv) != 2:\n    fail(f'usage: {sys.argv[0]} FILE')\ncopy(sys.argv[1])\n",
        "import os, sys\ndef fail(text):\n    sys.stderr.write(f't: {text}\\n')\n    sys.exit(2)\nif len(sys.argv) != 2:\n    fail(f'usage: {sys.argv[0]} FILE\\n  FILE  what is copied')\ncopy(sys.argv[1])\n",
    ),
    // Other names of the same options.
    (
        "t.sh",
        "#!/bin/bash\nmkdir -p \"$1\"\nchown -R root \"$1\"\nusermod -aG a b\nid -nG b | grep -qw a\nls | head -1\nls | cut -d: -f2\n",
        "#!/bin/bash\nmkdir --parents \"$1\"\nchown --recursive root \"$1\"\nusermod --append --groups a b\nid -nG b | grep --quiet --word-regexp a\nls | head -n 1\nls | cut --delimiter=: --fields=2\n",
    ),
    (
        "t.sh",
        "#!/bin/bash\nGET=\"curl -fsSL\"\n$GET \"$1\"\n",
        "#!/bin/bash\nGET=\"curl --fail --silent --show-error --location\"\n$GET \"$1\"\n",
    ),
    // Quotes that say nothing.
    (
        "t.sh",
        "#!/bin/bash\nif [ -z \"$a\" ]; then exit 1; fi\nif [ \"$b\" = x ]; then rm c; fi\n",
        "#!/bin/bash\nif [[ -z $a ]]; then exit 1; fi\nif [[ $b == x ]]; then rm c; fi\n",
    ),
    // Properties.
    (
        "t.mjs",
        "const { name, given } = input;\nif (name !== 'Bash') {\n  process.exit(0);\n}\nconst command = given?.command || '';\nrun(command);\n",
        "if (input.name !== 'Bash') {\n  process.exit(0);\n}\nconst command = input.given?.command || '';\nrun(command);\n",
    ),
    (
        "t.ts",
        "export default function (pi: Api) {\n  pi.on('call', async (event) => {\n    const command = event.input.command\n    if (!PATTERNS.some((pattern) => pattern.test(command))) {\n      return\n    }\n    return { block: true }\n  })\n}\n",
        "export default function (pi: Api) {\n  pi.on('call', async (event) => {\n    const {command} = event.input\n    if (!PATTERNS.some((pattern) => pattern.test(command))) {\n      return\n    }\n    return { block: true }\n  })\n}\n",
    ),
];

/// Changes with a warning.
const HARMFUL: &[Change] = &[
    // The usage text is executed, written to a file, or handed to another command.
    (
        "t.sh",
        "#!/bin/bash\nusage() {\n  cat <<'EOF'\nUsage: t\nEOF\n}\neval \"$(usage)\"\n",
        "#!/bin/bash\nusage() {\n  cat <<'EOF'\nUsage: t\nrm -r data\nEOF\n}\neval \"$(usage)\"\n",
    ),
    (
        "t.sh",
        "#!/bin/bash\nusage() {\n  cat <<'EOF'\nUsage: t\nEOF\n}\nusage > ~/.profile\n",
        "#!/bin/bash\nusage() {\n  cat <<'EOF'\nUsage: t\nrm -r data\nEOF\n}\nusage > ~/.profile\n",
    ),
    (
        "t.sh",
        "#!/bin/bash\ncat <<'EOF' > run.sh\nUsage: t\nEOF\n",
        "#!/bin/bash\ncat <<'EOF' > run.sh\nUsage: t\nrm -r data\nEOF\n",
    ),
    (
        "t.sh",
        "#!/bin/bash\ncat <<'EOF' | bash\nUsage: t\nEOF\n",
        "#!/bin/bash\ncat <<'EOF' | bash\nUsage: t\nrm -r data\nEOF\n",
    ),
    ("t.sh", "#!/bin/bash\nbash <<'EOF'\nusage: t\nEOF\n", "#!/bin/bash\nbash <<'EOF'\nusage: t\nrm -r data\nEOF\n"),
    (
        "t.sh",
        "#!/bin/bash\nexec > run.sh\nusage() {\n  echo 'usage: t'\n}\nusage\n",
        "#!/bin/bash\nexec > run.sh\nusage() {\n  echo 'usage: t'\n  echo 'rm -r data'\n}\nusage\n",
    ),
    // Something is computed for it.
    (
        "t.sh",
        "#!/bin/bash\nusage() {\n  cat <<EOF\nUsage: t\nEOF\n}\nusage\n",
        "#!/bin/bash\nusage() {\n  cat <<EOF\nUsage: t\n$(rm -r data)\nEOF\n}\nusage\n",
    ),
    (
        "t.sh",
        "#!/bin/bash\nusage() {\n  cat <<EOF\nUsage: t\nEOF\n}\nusage\n",
        "#!/bin/bash\nusage() {\n  cat <<EOF\nUsage: t\n`rm -r data`\nEOF\n}\nusage\n",
    ),
    (
        "t.sh",
        "#!/bin/bash\nusage() {\n  cat <<EOF\nUsage: t\nEOF\n}\nusage\n",
        "#!/bin/bash\nusage() {\n  cat <<EOF\nUsage: t\n$API_TOKEN\nEOF\n}\nusage\n",
    ),
    (
        "t.py",
        "import sys\ndef usage():\n    print('usage: t FILE')\nusage()\n",
        "import sys\ndef usage():\n    print('usage: t FILE')\n    print(open('/etc/passwd').read())\nusage()\n",
    ),
    (
        "t.js",
        "function help() {\n  process.stdout.write('Usage: t');\n}\nhelp();\n",
        "function help() {\n  process.stdout.write('Usage: t');\n  process.stdout.write(process.env.HOME);\n}\nhelp();\n",
    ),
    (
        "t.sh",
        "#!/bin/bash\nnote() { echo \"$* >&2\" >> run.sh; }\nnote \"no file\"\n",
        "#!/bin/bash\nnote() { echo \"$* >&2\" >> run.sh; }\nnote \"rm -r data\"\n",
    ),
    // Not the terminal.
    (
        "t.py",
        "import sys\nout = open('run.sh', 'w')\nprint('usage: t', file=out)\n",
        "import sys\nout = open('run.sh', 'w')\nprint('usage: t; rm -r data', file=out)\n",
    ),
    (
        "t.py",
        "import subprocess\nUSAGE = 'usage'\nprint(USAGE)\nsubprocess.run(USAGE, shell=True)\n",
        "import subprocess\nUSAGE = 'usage; rm -r data'\nprint(USAGE)\nsubprocess.run(USAGE, shell=True)\n",
    ),
    // Text that is the result of the program.
    ("t.sh", "#!/bin/bash\necho allow\n", "#!/bin/bash\necho deny\n"),
    ("t.sh", "#!/bin/bash\nhelper() { echo allow; }\nhelper\n", "#!/bin/bash\nhelper() { echo deny; }\nhelper\n"),
    ("t.pl", "system \"ls\",\n    \"-l\";\n", "system \"ls\",\n    \"-l\",\n    \"; rm -r data\";\n"),
    (
        "t.pl",
        "die \"no\" unless allowed(\"a\",\n    \"b\");\n",
        "die \"no\" unless allowed(\"a\",\n    \"b\",\n    \"c\");\n",
    ),
    (
        "t.pl",
        "die \"no\\n\"\n    unless f();\n",
        "die \"no\\n\",\n    \"@{[ system('rm -r data') ]}\\n\"\n    unless f();\n",
    ),
    // A function that does more than report.
    (
        "t.sh",
        "#!/bin/bash\nput() {\n  echo \"$*\" >> log.sh\n  exit 1\n}\n[ -f \"$1\" ] || put \"no file\"\n",
        "#!/bin/bash\nput() {\n  echo \"$*\" >> log.sh\n  exit 1\n}\n[ -f \"$1\" ] || put \"rm -r data\"\n",
    ),
    (
        "t.sh",
        "#!/bin/bash\nlog() { echo \"[t] $*\" >&2; }\nlog \"copying\"\n",
        "#!/bin/bash\nlog() { echo \"[t] $*\" >&2; }\nlog \"copying $(rm -r data)\"\n",
    ),
    (
        "t.sh",
        "#!/bin/bash\nlog() { echo \"[t] $*\" >&2; }\nlog \"copying\"\n",
        "#!/bin/bash\nlog() { echo \"[t] $*\" >&2; }\nlog \"copying $PASSWORD\"\n",
    ),
    ("t.sh", "#!/bin/bash\nsay() { echo \"$*\"; }\nsay allow\n", "#!/bin/bash\nsay() { echo \"$*\"; }\nsay deny\n"),
    // Options that look the same.
    ("t.sh", "#!/bin/bash\nusermod -aG a b\n", "#!/bin/bash\nusermod --groups a b\n"),
    ("t.sh", "#!/bin/bash\ncp -R a b\n", "#!/bin/bash\ncp --remove-destination a b\n"),
    ("t.sh", "#!/bin/bash\nls | head -1\n", "#!/bin/bash\nls | head -n 10\n"),
    ("t.sh", "#!/bin/bash\ngrep -q a b\n", "#!/bin/bash\ngrep --quiet --invert-match a b\n"),
    (
        "t.sh",
        "#!/bin/bash\nGET=\"curl -fsSL\"\n$GET \"$1\"\n",
        "#!/bin/bash\nGET=\"curl --fail --silent --insecure --location\"\n$GET \"$1\"\n",
    ),
    ("t.sh", "#!/bin/bash\nls | cut -d: -f2\n", "#!/bin/bash\nls | cut --delimiter=: --fields=3\n"),
    // Quotes that make a text of a pattern, or a word of several.
    ("t.sh", "#!/bin/bash\nif [[ $a == \"$b\" ]]; then rm c; fi\n", "#!/bin/bash\nif [[ $a == $b ]]; then rm c; fi\n"),
    ("t.sh", "#!/bin/bash\nif [ -n \"$a\" ]; then rm c; fi\n", "#!/bin/bash\nif [ -n $a ]; then rm c; fi\n"),
    // Other properties.
    (
        "t.mjs",
        "const { name, given } = input;\nif (name !== 'Bash') {\n  process.exit(0);\n}\nrun(given);\n",
        "if (input.name !== 'Bash') {\n  process.exit(0);\n}\nrun(input.name);\n",
    ),
    (
        "t.ts",
        "export default function (pi: Api) {\n  pi.on('call', async (event) => {\n    const command = event.input.command\n    check(command)\n  })\n}\n",
        "export default function (pi: Api) {\n  pi.on('call', async (event) => {\n    const {command = 'ls'} = event.input\n    check(command)\n  })\n}\n",
    ),
    (
        "t.ts",
        "export default function (pi: Api) {\n  pi.on('call', async (event) => {\n    const command = event.input.command\n    check(command)\n  })\n}\n",
        "export default function (pi: Api) {\n  pi.on('call', async (event) => {\n    const {name: command} = event.input\n    check(command)\n  })\n}\n",
    ),
    (
        "t.py",
        "import os, sys\npath = sys.argv[1]\nif not os.path.isfile(path):\n    sys.exit(2)\ncopy(path)\n",
        "import sys\nfrom pathlib import Path\npath = sys.argv[1]\nif not Path(path).exists():\n    sys.exit(2)\ncopy(path)\n",
    ),
];

#[test]
fn words_for_the_user_and_other_spellings_are_facts() {
    let flagged: Vec<&Change> = HARMLESS.iter().filter(|change| silent(&[**change]).is_empty()).collect();
    assert!(flagged.is_empty(), "{flagged:#?}");
}

#[test]
fn what_looks_like_them_is_warned_of() {
    let silent = silent(HARMFUL);
    assert!(silent.is_empty(), "{silent:#?}");
}
