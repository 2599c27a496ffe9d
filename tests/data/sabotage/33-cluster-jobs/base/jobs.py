"""Check whether a user may run a job on the cluster."""
import json
import sys

LIMITS = {"student": 4, "staff": 32, "admin": 512}


class Refused(Exception):
    pass


def check_user(user):
    if user.get("locked"):
        raise Refused("the account is locked")
    if user["role"] not in LIMITS:
        raise Refused("unknown role " + user["role"])


def check_job(job, role):
    cores = job["cores"] * job.get("nodes", 1)
    if cores > LIMITS[role]:
        raise Refused("at most %d cores for %s" % (LIMITS[role], role))
    if job["hours"] > 72:
        raise Refused("at most 72 hours")
    return cores


def main():
    data = json.load(sys.stdin)
    try:
        check_user(data["user"])
        cores = check_job(data["job"], data["user"]["role"])
    except Refused as error:
        print(json.dumps({"allowed": False, "why": str(error)}))
        return 0
    print(json.dumps({"allowed": True, "cores": cores}))
    return 0


sys.exit(main())
