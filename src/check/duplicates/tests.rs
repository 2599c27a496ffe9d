use super::*;
use crate::check::fixture::{LibraryFixture, codes, examined_among, version};
use crate::insight::SimilarityIndex;
use crate::insight::alike::MOST_READ;
use serde_json::json;
use std::sync::atomic::Ordering;

/// One side of a pair: name, description, parameters.
type Side = (&'static str, &'static str, &'static [&'static str]);

/// Tools that an agent wrote once more because it did not find the first one.
const SAME: &[(Side, Side)] = &[
    (
        (
            "basic_calculator",
            "Fast arithmetic operations (add, subtract, multiply, divide, power, modulo).",
            &["operation", "a", "b"],
        ),
        (
            "simple_math",
            "Performs basic arithmetic: add, subtract, multiply and divide two numbers.",
            &["operation", "a", "b"],
        ),
    ),
    (
        ("csv_to_json", "Convert a CSV file to JSON", &["path"]),
        ("convert_csv_json", "Transforms CSV files into JSON format, with headers as keys.", &["file"]),
    ),
    (
        ("http_raw_client", "Raw HTTP client that returns content as string without parsing.", &["url", "method"]),
        ("fetch_url_raw", "Fetches a URL over HTTP and returns the raw content without parsing it.", &["url"]),
    ),
    (
        (
            "dns_resolver",
            "DNS resolution and reverse lookup. Forward DNS (hostname to IP), reverse DNS (IP to hostname).",
            &["host"],
        ),
        (
            "resolve_dns",
            "Resolves DNS names: hostname to IP and reverse lookup of an IP to its hostname.",
            &["hostname"],
        ),
    ),
    (
        ("uuid_generator", "Generate UUIDs (Universally Unique Identifiers).", &["version", "count"]),
        ("make_uuid", "Creates one or more UUIDs of a given version.", &["version", "n"]),
    ),
    (
        (
            "port_scanner",
            "Network port scanner. TCP/UDP port scanning with parallel execution and service detection.",
            &["host", "ports"],
        ),
        (
            "scan_ports",
            "Scans TCP ports of a host on the network in parallel and detects services.",
            &["host", "ports"],
        ),
    ),
    (
        (
            "image_converter",
            "Comprehensive image format converter supporting PNG, JPEG, GIF, BMP, TIFF.",
            &["input_path", "format"],
        ),
        ("convert_image", "Converts images between formats such as PNG, JPEG and GIF.", &["path", "format"]),
    ),
    (
        ("pip_install", "Installs Python packages using pip.", &["package"]),
        ("python_package_installer", "Install one or more Python packages with pip.", &["packages"]),
    ),
    (
        ("word_count", "Counts the words, lines and characters of a text", &["text"]),
        ("text_stats", "Count lines, words and characters in the given text.", &["content"]),
    ),
    (
        ("language_detector", "Detects the language of text content using multiple methods.", &["text"]),
        ("detect_language", "Identify which language a text is written in.", &["text"]),
    ),
    (
        ("mermaid_renderer", "Renders Mermaid diagram syntax to image files (SVG, PNG, PDF).", &["diagram", "format"]),
        ("render_mermaid", "Render a Mermaid diagram to an SVG or PNG image.", &["diagram", "format"]),
    ),
    (
        ("autoflake_checker", "Removes unused imports and unused variables from Python code.", &["code"]),
        ("remove_unused_imports", "Strips unused imports and variables out of Python source.", &["code"]),
    ),
    (
        ("slugify", "Turn a title into a URL slug", &["title"]),
        ("make_slug", "Creates a slug for URLs from a title.", &["title"]),
    ),
    (
        ("dup_finder", "Find duplicate files in a folder by their hash", &["folder"]),
        ("find_duplicates", "Finds identical files in a directory by comparing a hash of each.", &["directory"]),
    ),
    (
        ("markdown_toc", "Generate a table of contents for a Markdown file", &["path"]),
        ("toc_generator", "Builds the table of contents of a markdown document from its headings.", &["file"]),
    ),
    (
        (
            "env_file_generator",
            "Generates .env and .env.example files with configuration documentation for Docker containers",
            &["services"],
        ),
        ("docker_env_maker", "Create .env and .env.example configuration files for Docker containers.", &["services"]),
    ),
    (
        ("pytest_runner", "Runs pytest unit tests with coverage reporting", &["path"]),
        ("run_pytest_coverage", "Run unit tests by pytest and report coverage.", &["path"]),
    ),
    (
        ("unit_converter", "Fast unit conversions (length, weight, temperature, time).", &["value", "from", "to"]),
        ("convert_units", "Converts units of length, weight and temperature.", &["value", "from", "to"]),
    ),
    (
        ("qrcode_generator", "Generate QR codes. Supports custom sizes, colors, and formats.", &["text", "size"]),
        ("qr_code_maker", "Makes a QR code image of a given size and color from text.", &["data", "size"]),
    ),
    (
        (
            "trim_tool_versions",
            "Keeps tools tidy by retaining only recent versions plus the original. Archives old versions.",
            &["keep"],
        ),
        (
            "prune_old_versions",
            "Archives old tool versions and keeps only the recent ones and the original.",
            &["keep"],
        ),
    ),
];

/// Tools that read alike and do something else.
const OTHER: &[(Side, Side)] = &[
    (
        (
            "agify",
            "Estimates the age from a first name using statistical data. Free API with no authentication required.",
            &["name"],
        ),
        (
            "genderize",
            "Estimates gender from a first name using statistical data. Free API with no authentication required.",
            &["name"],
        ),
    ),
    (
        ("genderize", "Estimates gender from a first name using statistical data.", &["name"]),
        ("nationalize", "Estimates nationality from a first name using statistical data.", &["name"]),
    ),
    (
        ("fix_name_error", "Detects and fixes Python NameError (undefined variables/functions).", &["code", "error"]),
        ("fix_type_error", "Detects and fixes Python type errors.", &["code", "error"]),
    ),
    (
        ("fix_indentation_error", "Detects and fixes Python indentation errors.", &["code"]),
        ("fix_syntax_error", "Detects and fixes Python syntax errors in code.", &["code"]),
    ),
    (
        (
            "tcp_client",
            "TCP client for binary protocols. Connect to server, send/receive binary data.",
            &["host", "port", "data"],
        ),
        (
            "tcp_server",
            "TCP server for binary protocols. Multi-threaded connection handling with automatic decoding.",
            &["port", "handler"],
        ),
    ),
    (
        (
            "binary_encoder",
            "Encode data to binary formats (struct, msgpack, protobuf, json, custom).",
            &["data", "format"],
        ),
        (
            "binary_decoder",
            "Decode binary data to Python objects (struct, msgpack, protobuf, json, custom).",
            &["data", "format"],
        ),
    ),
    (
        ("udp_listener", "Listen for UDP packets on a specified port.", &["port", "timeout"]),
        ("udp_sender", "Send UDP datagrams to a remote host.", &["host", "port", "data"]),
    ),
    (
        ("quran_api", "Access Quran verses, chapters and translations in multiple languages.", &["chapter", "verse"]),
        (
            "bible_api",
            "Access Bible verses, passages, books, and chapters from multiple translations.",
            &["book", "verse"],
        ),
    ),
    (
        (
            "mermaid_builder",
            "Generates Mermaid diagram syntax from structured data or conversations.",
            &["data", "kind"],
        ),
        ("mermaid_renderer", "Renders Mermaid diagram syntax to image files (SVG, PNG, PDF).", &["diagram", "format"]),
    ),
    (
        (
            "create_behave_spec",
            "Create a Behave BDD specification file for RAG storage and future test generation",
            &["name", "content"],
        ),
        (
            "create_locust_spec",
            "Create a Locust load test specification file for RAG storage and future test generation",
            &["name", "content"],
        ),
    ),
    (
        ("black_formatter", "Runs black formatter to check if Python code follows black style", &["code"]),
        ("isort_import_checker", "Checks if Python imports are sorted correctly", &["code"]),
    ),
    (
        ("bandit_security", "Runs bandit security scanner to find common security issues in Python code", &["path"]),
        ("mypy_type_checker", "Runs mypy type checking on Python code to find type errors before runtime", &["path"]),
    ),
    (
        ("load_from_disk", "Loads content from any file path on disk.", &["path"]),
        ("save_to_disk", "Saves content to any file path on disk.", &["path", "content"]),
    ),
    (("csv_to_json", "Convert a CSV file to JSON", &["path"]), ("csv_to_xml", "Convert a CSV file to XML", &["path"])),
    (("json_to_yaml", "Converts JSON into YAML", &["text"]), ("yaml_to_toml", "Converts YAML into TOML", &["text"])),
    (
        ("summarizer", "Summarizes content concisely while capturing all key points.", &["text"]),
        (
            "proofreader",
            "Proofreads technical content for grammar, style, consistency, and technical accuracy",
            &["text"],
        ),
    ),
    (
        (
            "docker_compose_generator",
            "Generates docker-compose.yml configuration for containerized tool API wrappers",
            &["services"],
        ),
        ("dockerfile_generator", "Generates optimized Dockerfiles for wrapping tools and workflows.", &["tool"]),
    ),
    (
        ("encrypt_file", "Encrypts a file with a passphrase", &["path", "passphrase"]),
        ("decrypt_file", "Decrypts a file with a passphrase", &["path", "passphrase"]),
    ),
    (
        ("list_branches", "List the git branches of a repository", &["path"]),
        ("list_tags", "List the git tags of a repository", &["path"]),
    ),
    (
        ("resize_image", "Resize an image to a width and height", &["path", "width", "height"]),
        ("crop_image", "Crop an image to a width and height", &["path", "width", "height"]),
    ),
];

fn tool(side: &Side) -> ToolDetail {
    let mut version = version(side.0, &[(&format!("{}.py", side.0), "")]);
    side.1.clone_into(&mut version.manifest.description);
    side.1.clone_into(&mut version.tool.description);
    let properties: serde_json::Map<String, serde_json::Value> =
        side.2.iter().map(|name| ((*name).to_owned(), json!({"type": "string"}))).collect();
    version.manifest.input = Some(json!({"type": "object", "properties": properties}));
    version
}

/// Row A12. The set is ours: near ones as agents write them, others drawn from real definitions. They are measured as one
/// library of 80 tools.
#[test]
fn near_duplicates_are_told_from_tools_that_read_alike() {
    let pairs: Vec<&(Side, Side)> = SAME.iter().chain(OTHER).collect();
    let sides = pairs.iter().flat_map(|pair| [&pair.0, &pair.1]);
    let rows: Vec<Arc<Tool>> = sides.map(|side| Arc::new(tool(side).tool)).collect();
    let index = SimilarityIndex::new(&rows);
    let likeness = |pair: usize| index.resemblance().likeness(2 * pair, 2 * pair + 1, &mut |_| None);
    let told: Vec<_> = (0..pairs.len()).map(|pair| (likeness(pair), pairs[pair].0.0, pairs[pair].1.0)).collect();
    let (same, other) = told.split_at(SAME.len());
    let found = same.iter().filter(|(likeness, ..)| likeness.is_near()).count();
    let wrong = other.iter().filter(|(likeness, ..)| likeness.is_near()).count();
    let (precision, recall) = (found as f64 / (found + wrong) as f64, found as f64 / same.len() as f64);
    assert_eq!((same.len(), other.len()), (20, 20));
    let worst: Vec<_> =
        same.iter().filter(|pair| !pair.0.is_near()).chain(other.iter().filter(|pair| pair.0.is_near())).collect();
    eprintln!("precision {precision:.2}, recall {recall:.2}");
    assert!(precision >= 0.99 && recall >= 0.9, "precision {precision:.2} recall {recall:.2}\n{worst:#?}");
}

#[test]
fn a_copy_is_told_whatever_its_name() {
    let (mut own, mut copy) = (version("one", &[("a.py", "print(1)\n")]), version("two", &[("a.py", "print(1)\n")]));
    copy.tool.path = "tools/two/tool.toml".to_owned();
    own.tool.digest = copy.tool.digest;
    let report = examined_among(examine, &own, &LibraryFixture::of(vec![own.clone(), copy]), &[]);
    assert_eq!(codes(&report), [("copy", Severity::Medium)]);
    assert!(report.findings[0].message.contains("two (experimental, tools/two/tool.toml)"), "{report:?}");
}

#[test]
fn the_same_code_under_another_description_is_the_same_tool() {
    let code = "import json, sys\n\ndef work(rows):\n    total = 0\n    for row in rows:\n        if row.get('price') and row['price'] > 10:\n            total += row['price'] * 2\n        else:\n            total -= 1\n    return {'total': total, 'count': len(rows)}\n\nrequest = json.load(sys.stdin)\nprint(json.dumps(work(request['rows'])))\n";
    let renamed = code
        .replace("work", "handle")
        .replace("total =", "sum_up =")
        .replace("total +", "sum_up +")
        .replace("total -", "sum_up -")
        .replace(": total", ": sum_up")
        .replace("row ", "line ")
        .replace("row.", "line.")
        .replace("row[", "line[");
    let (mut one, mut two) = (version("price_total", &[("a.py", code)]), version("cost_total", &[("b.py", &renamed)]));
    for (version, text) in [
        (&mut one, "Adds up the prices of all rows above ten"),
        (&mut two, "Total amount of costs, rows below ten subtracted"),
    ] {
        text.clone_into(&mut version.tool.description);
        text.clone_into(&mut version.manifest.description);
    }
    let report = examined_among(examine, &one, &LibraryFixture::of(vec![one.clone(), two]), &[]);
    assert_eq!(codes(&report), [("near-duplicate", Severity::Medium)]);
    assert!(report.findings[0].message.ends_with("; code 99% similar"), "{report:?}");
}

#[test]
fn of_ten_thousand_rows_only_the_few_best_are_read() {
    let sides: Vec<&Side> = OTHER.iter().flat_map(|pair| [&pair.0, &pair.1]).collect();
    let mut details: Vec<ToolDetail> = Vec::new();
    for number in 0..10_000 {
        let mut row = tool(sides[number % sides.len()]);
        row.tool.path = format!("tools/experimental/{number}/tool.toml");
        row.tool.digest = crate::domain::Digest::of_bytes(&number.to_le_bytes());
        details.push(row);
    }
    let own = tool(&SAME[0].0);
    let shelf = LibraryFixture::of(details);
    let begun = std::time::Instant::now();
    let found = similar(&own, &shelf, NEAR, 5);
    eprintln!("among 10,000 rows: {:?}", begun.elapsed());
    assert_eq!(found, []);
    assert!(shelf.reads.load(Ordering::Relaxed) <= MOST_READ);
}
