"""The parts of Tests/Cloud/fault-proxy, one file a thing: HTTP/1.1, rules, answers, rewriting, journal, proxy, control."""
