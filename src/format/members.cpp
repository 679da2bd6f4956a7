// The names of an archive's members: which are safe, and what they tell.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "format/packed.hpp"
#include "support/text.hpp"

namespace imgport {

bool has_suffix(std::string_view name, std::string_view suffix)
{
    return name.size() >= suffix.size() && to_lower(name.substr(name.size() - suffix.size())) == suffix;
}

std::optional<Hazard> MemberCheck::check(const Member &member)
{
    auto const refuse = [&](const char *id, std::string_view why) {
        return Hazard{id, HazardSeverity::refuse, fmt::format("member '{}' {}", printable(member.name, 200), why)};
    };
    if (!is_safe_name(member.name))
        return refuse("unsafe-member", "has a name that leaves the archive");
    if (member.kind == MemberKind::link)
        return refuse("unsafe-member", "is a link");
    if (member.kind == MemberKind::special)
        return refuse("unsafe-member", "is a device or the like");
    bool const directory = member.kind == MemberKind::directory;
    auto const [known, added] = m_names.emplace(normal_name(member.name), directory);
    if (!added && !(directory && known->second))
        return refuse("duplicate-member", "is there twice");
    if (member.encrypted)
        return refuse("encrypted", "is encrypted");
    return std::nullopt;
}

bool is_apple_double(std::string_view name)
{
    return base_name(name).starts_with("._") || name.starts_with("__MACOSX/");
}

bool has_disk_suffix(std::string_view name)
{
    static constexpr std::array<std::string_view, 12> suffixes{".img",  ".raw", ".vmdk", ".qcow2", ".qcow", ".vhd",
                                                               ".vhdx", ".vdi", ".iso",  ".dmg",   ".hdd",  ".qed"};
    return std::any_of(suffixes.begin(), suffixes.end(),
                       [&](std::string_view suffix) { return has_suffix(name, suffix); });
}

std::string beside(std::string_view ovf, std::string_view name)
{
    return normal_name(dir_name(ovf) + "/" + std::string(name));
}

}  // namespace imgport
