#include "rules/rule_cases.hpp"

namespace imgport::testing {

using enum Status;

namespace {

std::string container_linux(const std::string &id, const std::string &version)
{
    return R"({"/inspection/guest/os": {"id": ")" + id + R"(", "version": ")" + version + R"("}})";
}

std::string arguments(const std::string &text)
{
    return R"({"/inspection/guest/boot_loader/entries/0/cmdline": ")" + text + "\"}";
}

RuleCase coreos(const std::string &rule, Status status, const std::string &changes, const std::string &says = {})
{
    return {rule, status, changes, says, {}, "coreos"};
}

}  // namespace

std::vector<RuleCase> coreos_cases()
{
    return {
        coreos("cos-version", passed, "{}", "made for this cloud"),
        coreos("cos-version", passed, container_linux("coreos", "681.2.0")),
        coreos("cos-version", passed, container_linux("flatcar", "3602.2.0")),
        coreos("cos-version", violated, container_linux("coreos", "681.1.9"), "too old"),
        coreos("cos-version", violated, arguments("ignition.platform.id=qemu"), "ignition.platform.id=qemu"),
        coreos("cos-version", unknown, container_linux("coreos", "")),
        {"cos-version", not_applicable, "{}", "CoreOS systems"},

        // What is said of other Linux systems elsewhere.
        coreos("cloudinit-installed", not_applicable, "{}", "Ignition"),
        coreos("cloudinit-version", not_applicable, "{}", "Ignition"),
        coreos("cloudinit-ds", not_applicable, "{}", "Ignition"),
        coreos("cloudinit-net", not_applicable, "{}", "Ignition"),
        coreos("cloudinit-hostname", not_applicable, "{}", "Ignition"),
        coreos("growpart", not_applicable, "{}", "by itself"),
        coreos("selinux-off", not_applicable, "{}", "belongs to this system"),
        coreos("net-dhcp", passed, "{}", "NetworkManager"),
        coreos("others-none", not_applicable, "{}", "Ignition"),
    };
}

}  // namespace imgport::testing
