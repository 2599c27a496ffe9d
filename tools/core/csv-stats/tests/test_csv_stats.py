"""Run with: python3 -m unittest discover -s tests"""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from csv_stats import stats  # noqa: E402


class Stats(unittest.TestCase):
    def test_a_byte_order_mark_is_no_part_of_the_first_name(self):
        self.assertEqual(stats("\ufeffa,b\n1,2\n")["columns"][0]["name"], "a")

    def test_infinity_is_text_because_json_has_no_such_number(self):
        self.assertEqual(stats("a\ninf\n")["columns"][0]["type"], "text")

    def test_quoted_cells_may_hold_line_ends(self):
        self.assertEqual(stats('a,b\n"x\ny",2\n')["rows"], 1)


if __name__ == "__main__":
    unittest.main()
