// Facts of disks with nothing wrong, as JSON, for tests to spoil.
#pragma once

#include <string>

#include <imgport/check.hpp>

#include "support/json_fields.hpp"

namespace imgport::testing {

// What check() looks at, as values that live as long as the test.
struct Facts {
    ImageFacts image = {};
    std::optional<Inspection> inspection = {};
    std::optional<ImageFacts> artifact = {};
    ImportRequest request = {};
    Role role = Role::system;

    CheckInput input() const;
};

// {"image", "inspection", "artifact", "request", "role"}, each as its struct says it.
Facts facts_from_json(const Json &json);

// A 40 GiB QCOW2 with MBR, BIOS, ext4, Debian 12.
Json clean_bios();
// A 40 GiB QCOW2 with GPT, UEFI, XFS, Rocky Linux 9.
Json clean_uefi();
// A 40 GiB QCOW2 with MBR, BIOS, two NTFS volumes, Windows Server 2019.
Json clean_windows();

// The same with FreeBSD 13 on UFS, GPT and BIOS, and with Fedora CoreOS.
Json clean_freebsd();
Json clean_coreos();
// "bios", "uefi", "freebsd", "coreos".

// By name: "bios", "uefi"; or a disk that one of the other clouds takes as it is, by the name of its profile: "aws",
// "azure", "gcp", "openstack", "tencent", "huawei", "baidu".
Json clean_base(const std::string &name);

// `json` with changes: {"/pointer/to/value": new value, ...}; "<gone>" takes a key away.
Json with(Json json, const Json &changes);

std::vector<Finding> check_facts(const Facts &facts, const std::string &profile = "alibaba");
const Finding &finding_of(const std::vector<Finding> &findings, std::string_view rule);

}  // namespace imgport::testing
