// Systems that Ignition configures: Container Linux, Flatcar, Fedora CoreOS.
#include <fmt/format.h>

#include "rules/guest_facts.hpp"
#include "rules/rule.hpp"
#include "rules/sources.hpp"

namespace imgport {
namespace {

constexpr std::string_view first_version = "681.2.0";  // of Container Linux
constexpr std::string_view platform_id = "aliyun";     // Ignition's name of this cloud

bool is_container_linux(const OsFacts &os)
{
    return os.id == "coreos" || os.id == "flatcar";
}

Outcome cos_version(const RuleContext &context)
{
    auto const &guest = *context.guest;
    auto const &os = guest.os;
    if (!is_coreos(os))
        return not_applicable("a rule for CoreOS systems");
    if (is_container_linux(os)) {
        if (os.version.empty())
            return unknown("the version of this CoreOS was not found");
        if (is_older_version(os.version, first_version))
            return violated(fmt::format("CoreOS {} is too old; {} or newer is supported", os.version, first_version),
                            {seen(os.source, os.version)});
        return passed(fmt::format("CoreOS {}", os.version), {seen(os.source, os.version)});
    }
    if (!guest.boot_loader)
        return unknown(guest.boot_loader.reason());
    std::vector<Evidence> other;
    bool named = false;
    for (const BootEntry *entry : judged_entries(guest)) {
        for (auto const &id : kernel_parameters(entry->cmdline, "ignition.platform.id")) {
            named |= id == platform_id;
            if (id != platform_id) {
                Evidence evidence = entry->where;
                evidence.value = "ignition.platform.id=" + id;
                other.push_back(std::move(evidence));
            }
        }
    }
    if (!other.empty())
        return violated(fmt::format("the image was made for another place ({}): Ignition and Afterburn do not read "
                                    "this cloud's metadata, so no key and no configuration arrives",
                                    other.front().value),
                        other);
    if (!named)
        return unknown("the kernel's arguments do not say for which platform this image was made");
    return passed("the image was made for this cloud (ignition.platform.id=aliyun)");
}

}  // namespace

std::vector<Rule> coreos_rules()
{
    std::string const group = "families";
    return {
        {{"cos-version",
          group,
          "A CoreOS is new enough, and made for this cloud",
          "Ignition looks for its configuration where this cloud has none: no key, no user, no host name.",
          "Fedora CoreOS: coreos-installer download --decompress -p aliyun -f qcow2.xz; Container Linux: 681.2.0 or "
          "newer",
          cite({"INS", "API"}),
          {""}},
         Reads::guest,
         Guests::linux_only,
         cos_version},
    };
}

}  // namespace imgport
