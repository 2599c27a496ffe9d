-- Which run made use of which permit: a permit is the approval of a review of the kind call, and is good for one run.
CREATE TABLE used_permits (
    review INTEGER PRIMARY KEY REFERENCES reviews (id),
    run    INTEGER NOT NULL
) STRICT;
