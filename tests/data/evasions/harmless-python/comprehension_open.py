print([open(1, "w") for open in [max]])
