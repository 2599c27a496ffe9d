//! The list of the files of the starter tools. The test `the_program_holds_the_starter_tools_of_the_repository` writes
//! it (`TOOLSMITH_BLESS=1 cargo test --test it bundled::`); the files themselves are in `tools/`.

use super::StarterTool;

/// A tool with the files of its folder below `tools/`.
macro_rules! tool {
    ($home:literal: $($file:literal),+) => {
        StarterTool {
            home: $home,
            files: &[$(($file, include_str!(concat!("../../../../tools/", $home, "/", $file)))),+],
        }
    };
}

pub(super) const TOOLS: &[StarterTool] = &[
    tool!("approved/branch-report": "branch_report.sh", "tests/test.sh", "tool.toml"),
    tool!("approved/coverage-summary": "coverage_summary.mjs", "tool.toml"),
    tool!("approved/cron-next": "cron_next.mjs", "tool.toml"),
    tool!("approved/csv-join": "csv_join.py", "tool.toml"),
    tool!("approved/csv-to-sql": "csv_to_sql.mjs", "tool.toml"),
    tool!("approved/diff-stat": "diff_stat.mjs", "tool.toml"),
    tool!("approved/dir-tree": "dir_tree.py", "tests/test_dir_tree.py", "tool.toml"),
    tool!("approved/disk-usage": "disk_usage.sh", "tests/test.sh", "tool.toml"),
    tool!("approved/dockerfile-lint": "dockerfile_lint.py", "tool.toml"),
    tool!("approved/dockerignore-test": "dockerignore_test.mjs", "tool.toml"),
    tool!("approved/dup-finder": "dup_finder.py", "tests/test_dup_finder.py", "tool.toml"),
    tool!("approved/file-hash": "file_hash.sh", "tests/test.sh", "tool.toml"),
    tool!("approved/flaky-finder": "flaky_finder.mjs", "tool.toml"),
    tool!("approved/git-churn": "git_churn.py", "tests/test_git_churn.py", "tool.toml"),
    tool!("approved/git-log-summary": "git_log_summary.py", "tests/test_git_log_summary.py", "tool.toml"),
    tool!("approved/grep-context": "grep_context.py", "tests/test_grep_context.py", "tool.toml"),
    tool!("approved/html-to-text": "html_to_text.py", "tool.toml"),
    tool!("approved/http-status": "http_status.py", "tests/test_http_status.py", "tool.toml"),
    tool!("approved/image-ref": "image_ref.mjs", "tool.toml"),
    tool!("approved/import-sort": "import_sort.py", "tool.toml"),
    tool!("approved/json-diff": "json_diff.mjs", "tool.toml"),
    tool!("approved/jwt-decode": "jwt_decode.mjs", "tool.toml"),
    tool!("approved/list-files": "list_files.py", "tests/test_list_files.py", "tool.toml"),
    tool!("approved/log-digest": "log_digest.py", "tests/test_log_digest.py", "tool.toml"),
    tool!("approved/markdown-toc": "markdown_toc.mjs", "tests/markdown_toc.test.mjs", "tool.toml"),
    tool!("approved/regex-extract": "regex_extract.mjs", "tool.toml"),
    tool!("approved/rename-symbol": "rename_symbol.py", "tests/test_rename_symbol.py", "tool.toml"),
    tool!("approved/semver-bump": "semver_bump.sh", "tool.toml"),
    tool!("approved/sqlite-query": "sqlite_query.py", "tests/test_sqlite_query.py", "tool.toml"),
    tool!("approved/sqlite-schema": "sqlite_schema.py", "tests/test_sqlite_schema.py", "tool.toml"),
    tool!("approved/symbol-index": "symbol_index.py", "tests/test_symbol_index.py", "tool.toml"),
    tool!("approved/table-format": "table_format.mjs", "tool.toml"),
    tool!("approved/todo-finder": "tests/test.sh", "todo_finder.sh", "tool.toml"),
    tool!("approved/toml-to-json": "toml_to_json.py", "tool.toml"),
    tool!("approved/url-parse": "tool.toml", "url_parse.mjs"),
    tool!("core/csv-stats": "csv_stats.py", "tests/test_csv_stats.py", "tool.toml"),
    tool!("core/json-query": "json_query.py", "tests/test_json_query.py", "tool.toml"),
    tool!("core/text-diff": "tests/text_diff.test.mjs", "text_diff.mjs", "tool.toml"),
];
