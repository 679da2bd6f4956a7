#include "rules/rule_cases.hpp"

namespace imgport::testing {

using enum Status;

std::vector<RuleCase> upkeep_cases()
{
    return {
        {"rtc-utc", passed, "{}"},
        {"rtc-utc", passed, R"({"/inspection/guest/time/clock_where": {"file": "/etc/adjtime", "line": 3}})", "in UTC"},
        {"rtc-utc", violated,
         R"({"/inspection/guest/time/local_clock": true,
             "/inspection/guest/time/clock_where": {"file": "/etc/adjtime", "line": 3, "value": "LOCAL"}})",
         "local time"},
        {"rtc-utc", unknown, R"({"/inspection/guest/time": {"unknown": "cut"}})", "cut"},

        {"timezone-ntp", passed, "{}", "chrony"},
        {"timezone-ntp", violated, R"({"/inspection/guest/time/daemons": []})", "nothing sets the clock"},
        {"timezone-ntp", violated,
         R"({"/inspection/guest/time/daemons": [], "/inspection/guest/time/stopped": ["chrony"]})",
         "chrony is installed, but"},
        {"timezone-ntp", unknown, R"({"/inspection/guest/time": {"unknown": "cut"}})", "cut"},
        {"timezone-ntp", passed, "{}", "ntp", {}, "freebsd"},

        {"snapd-logs", passed, "{}", "hold 97.6"},
        {"snapd-logs", violated, R"({"/inspection/guest/leftovers/0/bytes": 300000000})", "/var/log (286"},
        {"snapd-logs", violated,
         R"({"/inspection/guest/leftovers/0": {"path": "/tmp", "bytes": 5, "files": 3001, "whole": false}})",
         "/tmp (more than 3000 files)"},
        {"snapd-logs", unknown, R"({"/inspection/guest/leftovers": {"unknown": "cut"}})", "cut"},
    };
}

}  // namespace imgport::testing
