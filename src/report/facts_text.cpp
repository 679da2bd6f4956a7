// What `probe` and `inspect` say to people.
#include <imgport/report.hpp>

#include <fmt/format.h>

#include "report/style.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

std::string row(std::string_view name, std::string_view value)
{
    return value.empty() ? std::string() : fmt::format("  {:<14} {}\n", name, printable(value, 400));
}

std::string volume_row(const VolumeFacts &volume)
{
    auto const &fs = volume.filesystem;
    std::string line = fmt::format("  {:<14} {:<12} {:>11}", printable(volume.device, 100),
                                   fs.type.empty() ? "-" : printable(fs.type, 40), human_size(volume.length));
    if (fs.size && fs.free)
        line += fmt::format("  {} free", human_size(*fs.free));
    if (!fs.uuid.empty())
        line += "  UUID=" + printable(fs.uuid, 80);
    if (!fs.label.empty())
        line += "  LABEL=" + printable(fs.label, 80);
    if (!fs.state.empty())
        line += "  (" + printable(fs.state, 120) + ")";
    return line + "\n";
}

std::string guest_rows(const GuestFacts &guest)
{
    std::string out = "guest\n";
    out += row("system", guest.os.name.empty() ? guest.os.id : guest.os.name);
    out += row("architecture", guest.architecture);
    out += row("host name", guest.hostname);
    for (auto const &mount : guest.mountpoints)
        out += row(mount.target, mount.device + " " + mount.filesystem);
    for (auto const &kernel : guest.kernels)
        out += row("kernel", fmt::format("{}{}", kernel.version, kernel.is_default ? " (boots by default)" : ""));
    if (guest.boot_loader)
        out += row("boot loader", guest.boot_loader->kind);
    if (guest.cloud_init)
        out += row("cloud-init", guest.cloud_init->installed ? guest.cloud_init->version : "not installed");
    return out;
}

}  // namespace

std::string probe_text(const ImageFacts &image, Color color)
{
    std::string out = fmt::format("{}: {}\n", styled(printable(image.path), Style::bold, color),
                                  image.format == Format::unknown ? "not recognised" : describe_image(image));
    if (image.details.content)
        out += row("begins with", *image.details.content);
    for (auto const &member : image.details.members)
        out +=
            row("member", fmt::format("{} ({}, {})", member.name, to_string(member.format), human_size(member.size)));
    if (image.error)
        out += fmt::format("  {} {}\n", styled("error", Style::red, color), printable(image.error->message));
    for (auto const &hazard : image.hazards) {
        Style const style = hazard.severity == HazardSeverity::refuse ? Style::red
                            : hazard.severity == HazardSeverity::warn ? Style::yellow
                                                                      : Style::dim;
        out += fmt::format("  {} {}: {}\n", styled(to_string(hazard.severity), style, color), hazard.id,
                           printable(hazard.message));
    }
    return out;
}

std::string inspection_text(const ImageFacts &image, const Inspection &inspection)
{
    std::string out = probe_text(image, Color::no);
    if (inspection.disk) {
        auto const &disk = *inspection.disk;
        out += fmt::format("disk: {}, {}\n", human_size(disk.size),
                           disk.table == "none" ? "no partition table" : to_upper(disk.table));
        for (auto const &problem : disk.problems)
            out += row("problem", problem);
    }
    for (auto const &volume : inspection.volumes)
        out += volume_row(volume);
    if (inspection.guest)
        out += guest_rows(*inspection.guest);
    else if (!inspection.gap)
        out += "guest: no operating system was found\n";
    if (inspection.gap)
        out += fmt::format("guest: unknown, {}\n", printable(inspection.gap->reason));
    return out;
}

}  // namespace imgport
