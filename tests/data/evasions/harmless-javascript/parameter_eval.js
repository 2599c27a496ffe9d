const f = (evaluate) => evaluate("1");
f((x) => x);
