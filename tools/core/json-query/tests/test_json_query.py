"""Run with: python3 -m unittest discover -s tests"""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from json_query import PathError, query  # noqa: E402


class Query(unittest.TestCase):
    def test_quoted_keys_may_hold_pipes_and_dots(self):
        self.assertEqual(query({"a|b.c": 1}, '["a|b.c"]'), [1])

    def test_functions_follow_each_other(self):
        self.assertEqual(query([3, 1, 3], "[*] | unique | sort | first"), [1])

    def test_a_lone_dot_is_the_whole_document(self):
        self.assertEqual(query({"a": 1}, ". | keys"), [["a"]])

    def test_an_unknown_function_is_named(self):
        with self.assertRaisesRegex(PathError, "'median'"):
            query([], "[*] | median")


if __name__ == "__main__":
    unittest.main()
