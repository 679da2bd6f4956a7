#include "rules/rule_cases.hpp"

namespace imgport::testing {

using enum Status;

namespace {

// A change for a request of that platform.
std::string customized(const std::string &more = "")
{
    return R"({"/request/platform": "Customized Linux")" + (more.empty() ? "" : ", " + more) + "}";
}

std::string others(const std::string &more = "")
{
    return R"({"/request/platform": "Others Linux")" + (more.empty() ? "" : ", " + more) + "}";
}

const std::string no_cloud_init = R"("/inspection/guest/cloud_init": {"installed": false})";

RuleCase bios(const std::string &rule, Status status, const std::string &changes, const std::string &says = {},
              std::vector<std::string> also = {}, const std::string &severity = {})
{
    return {rule, status, changes, says, std::move(also), "bios", severity};
}

}  // namespace

std::vector<RuleCase> customized_cases()
{
    return {
        bios("cust-first-part-writable", passed, customized()),
        bios("cust-first-part-writable", not_applicable, "{}", "--platform 'Customized Linux'"),
        bios("cust-first-part-writable", violated,
             customized(R"("/inspection/volumes/0/filesystem/features": ["read-only"])"), "marked read-only"),
        bios("cust-first-part-writable", violated, customized(R"("/inspection/guest/fstab/entries/0/options": ["ro"])"),
             "mounted read-only"),
        bios("cust-first-part-writable", not_applicable,
             customized(R"("/inspection/volumes/0/filesystem/clean": false)"), "see fs-clean", {"fs-clean"}),
        bios("cust-first-part-writable", violated,
             customized(R"("/inspection/volumes/1": {"device": "/dev/sda0", "kind": "partition", "partition": 0,
                            "filesystem": {"type": "ext4", "clean": false, "state": "journal needs recovery"}})"),
             "journal needs recovery"),

        bios("cust-first-part-fs", passed, customized(), "ext4"),
        {"cust-first-part-fs", passed, customized(), "vfat", {}, "uefi"},
        bios("cust-first-part-fs", not_applicable, "{}"),
        bios("cust-first-part-fs", violated, customized(R"("/inspection/volumes/0/filesystem/type": "xfs",
                           "/inspection/guest/fstab/entries/0/type": "xfs")"),
             "holds xfs"),

        bios("cust-size", passed, customized(R"("/image/virtual_size": 5368709121)")),
        bios("cust-size", violated, customized(R"("/image/virtual_size": 5368709120)"), "more than 5 GiB"),
        bios("cust-size", not_applicable, customized(R"("/image/virtual_size": 4294967296)"), "see vsize-min",
             {"vsize-min"}),
        {"cust-size",
         violated,
         customized(R"("/image/virtual_size": 4294967296)"),
         "4 GiB",
         {},
         "bios",
         "fail",
         "alibaba-2026"},
        bios("cust-size", not_applicable, R"({"/image/virtual_size": 5368709120})"),

        bios("cust-dir", passed, customized()),
        bios("cust-dir", violated, customized(R"("/inspection/guest/customized/folder": "")"), "the cloud makes it", {},
             "recommendation"),
        bios("cust-dir", violated, customized(R"("/inspection/guest/customized/folder": "other")"), "is no folder", {},
             "unreachable"),
        bios("cust-dir", unknown, customized(R"("/inspection/guest/customized/problem": "damaged")"), "damaged"),
        bios("cust-dir", not_applicable, "{}"),
        bios("cust-dir", not_applicable, R"({"/inspection/guest": "<gone>"})", "--platform", {"kernel-present"}),
        bios("cust-dir", not_applicable, customized(R"("/inspection/guest": "<gone>")"), "no operating system",
             {"kernel-present"}),

        bios("cust-parser", passed, customized()),
        bios("cust-parser", violated, customized(R"("/inspection/guest/customized/parsers": [])"), "speaks of os.conf",
             {}, "unreachable"),
        bios("cust-parser", unknown, customized(R"("/inspection/guest/customized": {"unknown": "cut"})"), "cut",
             {"cust-dir"}),
        bios("cust-parser", not_applicable, R"({"/inspection/guest/customized/parsers": []})"),

        bios("cust-osconf", not_applicable, "{}", "eth0_route"),
        bios("passwd-sha512", not_applicable, "{}", "not checkable offline"),

        bios("others-none", not_applicable, "{}", "'Others Linux'"),
        bios("others-none", passed, others(), "cloud-init"),
        {"others-none", passed, "{}", "cloud-init", {}, "uefi"},  // Rocky, of which that profile knows nothing
        {"others-none", not_applicable, "{}", "", {}, "uefi", {}, "alibaba-2026"},
        bios("others-none", violated, others(no_cloud_init), "nobody can log in", {}, "unreachable"),
        {"others-none", violated, "{" + no_cloud_init + "}", "nobody can log in", {}, "uefi"},
        bios("others-none", violated, others(R"("/inspection/guest/cloud_init/datasources": ["NoCloud"])"),
             "nobody can log in", {"cloudinit-ds"}),
        bios("others-none", passed,
             others(no_cloud_init + R"(, "/inspection/guest/accounts/accounts/0/password": "password")"), "'root'"),
        bios(
            "others-none", passed,
            others(no_cloud_init + R"(, "/inspection/guest/credentials": [{"kind": "authorized-keys", "account": "root",
                                          "path": "/root/.ssh/authorized_keys"}])"),
            "SSH key"),
        bios("others-none", unknown, others(no_cloud_init + R"(, "/inspection/guest/credentials": {"unknown": "cut"})"),
             "cut"),
    };
}

}  // namespace imgport::testing
