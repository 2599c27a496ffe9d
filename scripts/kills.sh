#!/bin/sh
# Kills whatever writes as often as the first argument says (500), at random points, and checks after each kill that
# nothing acknowledged is lost and nothing is doubled.
set -eu
TOOLSMITH_KILLS="${1:-500}" cargo test --test it -- --nocapture kills_everywhere
