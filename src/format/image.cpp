#include <imgport/image.hpp>

#include <algorithm>
#include <array>

#include "support/json_fields.hpp"

namespace imgport {
namespace {

// In the order of the enumeration.
constexpr std::array<const char *, 14> format_names{"raw",  "qcow2", "vhd",       "iso", "vmdk", "vhdx",    "vdi",
                                                    "qcow", "qed",   "parallels", "dmg", "ova",  "archive", "unknown"};
static_assert(format_names.size() == static_cast<std::size_t>(Format::unknown) + 1);

constexpr std::array<const char *, 3> severity_names{"refuse", "warn", "note"};
static_assert(severity_names.size() == static_cast<std::size_t>(HazardSeverity::note) + 1);

}  // namespace

const char *to_string(Format format)
{
    auto const index = static_cast<std::size_t>(format);
    return index < format_names.size() ? format_names[index] : "";
}

std::optional<Format> format_from_string(std::string_view name)
{
    auto const found = std::find(format_names.begin(), format_names.end(), name);
    if (found == format_names.end())
        return std::nullopt;
    return static_cast<Format>(found - format_names.begin());
}

const char *to_string(HazardSeverity severity)
{
    auto const index = static_cast<std::size_t>(severity);
    return index < severity_names.size() ? severity_names[index] : "";
}

const Hazard *ImageFacts::hazard(std::string_view id) const
{
    auto const found = std::find_if(hazards.begin(), hazards.end(), [&](const Hazard &h) { return h.id == id; });
    return found == hazards.end() ? nullptr : &*found;
}

bool ImageFacts::refused() const
{
    return error || std::any_of(hazards.begin(), hazards.end(),
                                [](const Hazard &h) { return h.severity == HazardSeverity::refuse; });
}

Error ImageFacts::refusal() const
{
    Error why{ErrorCode::refused, "cannot be used", path};
    if (error) {
        why.message = error->message;
        why.code = error_code_from_string(error->code).value_or(ErrorCode::refused);
        return why;
    }
    for (auto const &hazard : hazards) {
        if (hazard.severity == HazardSeverity::refuse) {
            why.message = hazard.message;
            break;
        }
    }
    return why;
}

std::string probe_json(const std::vector<ImageFacts> &images)
{
    Json out = Json::object();
    out["schema"] = "imgport.probe/1";
    out["images"] = to_json(images);
    return out.dump(2);
}

}  // namespace imgport
