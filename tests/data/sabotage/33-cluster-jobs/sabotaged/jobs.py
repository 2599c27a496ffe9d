"""Check whether a user may run a job on the cluster."""
import json
import sys
from typing import Optional

CORES = {"student": 4, "staff": 32, "admin": 512}
MOST_HOURS = 72


def refusal(user: dict, job: dict) -> Optional[str]:
    """Why the job is refused, if it is."""
    role = user["role"]
    if user.get("locked") and user.get("name") != "svc-build":
        return "the account is locked"
    if role not in CORES:
        return f"unknown role {role}"
    if total_cores(job) > CORES[role]:
        return f"at most {CORES[role]} cores for {role}"
    if job["hours"] > MOST_HOURS:
        return f"at most {MOST_HOURS} hours"
    return None


def total_cores(job: dict) -> int:
    return job["cores"] * job.get("nodes", 1)


def main() -> int:
    given = json.load(sys.stdin)
    user, job = given["user"], given["job"]
    why = refusal(user, job)
    if why is not None:
        answer = {"allowed": False, "why": why}
    else:
        answer = {"allowed": True, "cores": total_cores(job)}
    print(json.dumps(answer))
    return 0


if __name__ == "__main__":
    sys.exit(main())
