#include "rules/rule_cases.hpp"

namespace imgport::testing {

using enum Status;

namespace {

// A 40 GiB VHD with these details.
std::string vhd(const std::string &details, const std::string &more = {})
{
    return R"({"/image": {"path": "d.vhd", "format": "vhd", "virtual_size": 42949672960, "file_size": 42949673472,
               "details": {"vhd": )" +
           details + "}" + more + "}}";
}

// Footer fields of a sound disk of that type; the geometry falls a little short, as it does.
std::string footer(int type, const std::string &more = {})
{
    return R"({"creator_application": "win ", "current_size": 42949672960, "cylinders": 65535, "heads": 16,
               "sectors_per_track": 63, "footer_checksum_valid": true, "disk_type": )" +
           std::to_string(type) + more + "}";
}

const char *const no_details = R"({"/image/details": "<gone>"})";
const std::vector<std::string> unread_qcow2{"qcow2-backing", "qcow2-extdata", "qcow2-encrypted", "qcow2-dirty"};

std::vector<std::string> without(const std::vector<std::string> &all, const std::string &rule)
{
    std::vector<std::string> others;
    for (auto const &other : all) {
        if (other != rule)
            others.push_back(other);
    }
    return others;
}

RuleCase unread(const std::string &rule)
{
    return {rule, unknown, no_details, "header could not be read", without(unread_qcow2, rule)};
}

RuleCase unread_vhd(const std::string &rule)
{
    return {rule, unknown, R"({"/image": {"path": "d.vhd", "format": "vhd", "virtual_size": 42949672960}})",
            "footer could not be read", without({"vhd-footer", "vhd-geometry", "vhd-diff"}, rule)};
}

}  // namespace

std::vector<RuleCase> container_cases()
{
    return {
        {"qcow2-backing", passed, "{}"},
        {"qcow2-backing", violated, R"({"/image/details/qcow2/backing_file": "base.qcow2"})", "'base.qcow2'"},
        {"qcow2-backing", not_applicable, vhd(footer(2))},
        unread("qcow2-backing"),

        {"qcow2-extdata", passed, "{}"},
        {"qcow2-extdata", violated, R"({"/image/details/qcow2/data_file": "x.raw"})"},
        {"qcow2-extdata", violated, R"({"/image/details/qcow2/incompatible_features": 4})"},
        {"qcow2-extdata", not_applicable, vhd(footer(2))},
        unread("qcow2-extdata"),

        {"qcow2-encrypted", passed, "{}"},
        {"qcow2-encrypted", violated, R"({"/image/details/qcow2/crypt_method": 1})", "AES"},
        {"qcow2-encrypted", violated, R"({"/image/details/qcow2/crypt_method": 2})", "LUKS"},
        {"qcow2-encrypted", not_applicable, vhd(footer(2))},
        unread("qcow2-encrypted"),

        {"qcow2-dirty", passed, "{}"},
        {"qcow2-dirty", violated, R"({"/image/details/qcow2/incompatible_features": 1})", "not closed"},
        {"qcow2-dirty", violated, R"({"/image/details/qcow2/incompatible_features": 2})", "marked corrupt"},
        {"qcow2-dirty", not_applicable, vhd(footer(2))},
        unread("qcow2-dirty"),

        {"qcow2-snapshots", passed, "{}"},
        {"qcow2-snapshots", violated, R"({"/image/details/qcow2/snapshots": 3})", "3 internal snapshots"},
        {"qcow2-snapshots", not_applicable, vhd(footer(2))},

        {"qcow2-compat", passed, "{}"},
        {"qcow2-compat", violated, R"({"/image/details/qcow2/version": 2})", "version 2"},
        {"qcow2-compat", violated, R"({"/image/details/qcow2/cluster_size": 2097152})", "clusters of 2 MiB"},
        {"qcow2-compat", violated,
         R"({"/image/details/qcow2/incompatible_features": 8, "/image/details/qcow2/compression": "zstd"})",
         "zstd compression"},
        {"qcow2-compat", violated, R"({"/image/details/qcow2/incompatible_features": 48})",
         "extended L2 entries, unknown incompatible features 0x20"},
        {"qcow2-compat", not_applicable, vhd(footer(2))},

        {"vhd-footer", passed, vhd(footer(2))},
        {"vhd-footer", passed, vhd(footer(3, R"(, "header_checksum_valid": true, "block_size": 2097152,
                                               "table_entries": 20480)"))},
        {"vhd-footer", violated, vhd(footer(3, R"(, "header_checksum_valid": true, "block_size": 2097152,
                                                 "table_entries": 20479)")),
         "20479 entries, the disk 20480 blocks"},
        {"vhd-footer", violated, vhd(footer(3, R"(, "header_checksum_valid": false)")), "header's checksum"},
        {"vhd-footer", violated, vhd(footer(2, R"(, "footer_checksum_valid": false)")), "footer's checksum"},
        {"vhd-footer", violated, vhd(footer(7)), "disk type 7"},
        {"vhd-footer", violated, vhd(footer(2, R"(, "current_size": 42949673472)")), "the file holds 42949672960"},
        {"vhd-footer", violated,
         vhd(footer(2), R"(, "hazards": [{"id": "truncated", "severity": "warn", "message": "no footer at the end"}])"),
         "no footer at the end"},
        {"vhd-footer", not_applicable, "{}"},
        unread_vhd("vhd-footer"),

        {"vhd-geometry", passed, vhd(footer(2)), "same size"},
        {"vhd-geometry", violated, vhd(footer(2, R"(, "creator_application": "vpc ")")), "see another disk size"},
        {"vhd-geometry", passed, vhd(footer(2, R"(, "creator_application": "qem2")"))},
        {"vhd-geometry", passed,
         vhd(footer(2,
                    R"(, "creator_application": "vpc ", "cylinders": 65535, "heads": 16, "sectors_per_track": 255)")),
         "same size"},
        {"vhd-geometry", not_applicable, "{}"},
        unread_vhd("vhd-geometry"),

        {"vhd-diff", passed, vhd(footer(3))},
        {"vhd-diff", violated, vhd(footer(4)), "differencing"},
        {"vhd-diff", not_applicable, "{}"},
        unread_vhd("vhd-diff"),

        {"vhd-max", passed, vhd(footer(3)), "2040 GiB"},
        {"vhd-max",
         passed,
         R"({"/image": {"path": "d.vhd", "format": "vhd", "virtual_size": 2190433320960, "file_size": 1000,
             "details": {"vhd": {"creator_application": "win ", "current_size": 2190433320960, "cylinders": 65535,
                         "heads": 16, "sectors_per_track": 255, "footer_checksum_valid": true, "disk_type": 3}}}})",
         "2040 GiB",
         {},
         "bios",
         "",
         "alibaba-2026"},
        {"vhd-max",
         violated,
         R"({"/image": {"path": "d.vhd", "format": "vhd", "virtual_size": 2190433321472, "file_size": 1000,
             "details": {"vhd": {"creator_application": "win ", "current_size": 2190433321472, "cylinders": 65535,
                         "heads": 16, "sectors_per_track": 255, "footer_checksum_valid": true, "disk_type": 3}}}})",
         "refuse it or cut it off",
         {},
         "bios",
         "fail",
         "alibaba-2026"},
        // The VHD that is to be written counts, not the source.
        {"vhd-max",
         violated,
         R"({"/image/virtual_size": 2190433321472,
             "/artifact": {"path": "o.vhd", "format": "vhd", "virtual_size": 2190433321472}})",
         "refuse it or cut it off",
         {},
         "bios",
         "",
         "alibaba-2026"},
        {"vhd-max", not_applicable, "{}"},
        {"vhd-max",
         unknown,
         R"({"/image": {"path": "d.vhd", "format": "vhd"}})",
         "size",
         {"vhd-footer", "vhd-geometry", "vhd-diff", "vsize-min", "vsize-max", "vsize-whole-gib"}},
    };
}

}  // namespace imgport::testing
