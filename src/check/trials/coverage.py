import json, os, sys

try:
    import pytest
except ImportError:
    print(json.dumps(dict(absent="pytest")))
    sys.exit(0)
try:
    import coverage
except ImportError:
    coverage = None

folder = sys.argv[1]
sys.path[:0] = [folder, os.path.join(folder, "tests")]
failed = []


class Failed:
    def pytest_runtest_logreport(self, report):
        if report.failed:
            failed.append(report.nodeid)

    def pytest_collectreport(self, report):
        if report.failed:
            failed.append(report.nodeid)


measure = coverage and coverage.Coverage(source=[folder], omit=["*/tests/*", "*/test_*"], data_file=None)
if measure:
    measure.start()
code = pytest.main(["-q", "-p", "no:cacheprovider", "--rootdir", folder, folder], plugins=[Failed()])
percent = None
if measure:
    measure.stop()
    try:
        with open(os.devnull, "w") as nowhere:
            percent = measure.report(file=nowhere)
    except Exception:
        pass
print()
print(json.dumps(dict(code=int(code), percent=percent, failed=failed[:5])))
