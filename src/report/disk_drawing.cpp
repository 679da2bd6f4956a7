#include "report/disk_drawing.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include <fmt/format.h>

#include "report/escape.hpp"
#include "report/outcome.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

constexpr int bar_height = 56;           // pixels
constexpr double character_width = 7.8;  // of the labels' 13 pixel monospace
constexpr double least_width = 600;      // pixels of the bar on the narrowest screen that shows labels
constexpr std::size_t most_drawn = 128;
constexpr std::size_t most_listed = 256;

// A stretch of a bar. Sizes are doubles: a hostile table's numbers may not overflow.
struct Piece {
    std::string name;
    double offset = 0;
    double length = 0;
    std::optional<double> used = {};  // bytes; nullopt: not known
    std::string filesystem = {};
};

double number(std::uint64_t bytes)
{
    return static_cast<double>(bytes);
}

std::optional<double> used_of(const FilesystemFacts &fs)
{
    if (!fs.size || !fs.free || *fs.free > *fs.size)
        return std::nullopt;
    return number(*fs.size - *fs.free);
}

// An extended partition is the room of the logical ones: drawn, it would hide or double them.
bool is_extended(const DiskFacts &disk, const PartitionFacts &partition)
{
    return disk.table == "mbr" &&
           (partition.type == "05" || partition.type == "0f" || partition.type == "85" || partition.type == "0F");
}

const VolumeFacts *volume_of(const ReportEntry &entry, const PartitionFacts &partition)
{
    for (auto const &volume : entry.volumes) {
        if (volume.kind == "partition" && volume.partition == partition.number)
            return &volume;
    }
    return nullptr;
}

std::string mounted_at(const ReportEntry &entry, const std::string &device)
{
    std::vector<std::string> targets;
    if (entry.guest) {
        for (auto const &mount : entry.guest->mountpoints) {
            if (mount.device == device && targets.size() < 8)
                targets.push_back(mount.target);
        }
    }
    return join(targets, ", ");
}

Piece piece_of(const VolumeFacts &volume)
{
    return {base_name(volume.device), number(volume.offset), number(volume.length), used_of(volume.filesystem),
            volume.filesystem.type};
}

std::vector<Piece> partition_pieces(const ReportEntry &entry)
{
    std::vector<Piece> pieces;
    for (auto const &partition : entry.disk->partitions) {
        if (is_extended(*entry.disk, partition) || pieces.size() >= most_drawn)
            continue;
        Piece piece{std::to_string(partition.number), number(partition.offset), number(partition.length)};
        if (const VolumeFacts *const volume = volume_of(entry, partition)) {
            piece.used = used_of(volume->filesystem);
            piece.filesystem = volume->filesystem.type;
        }
        pieces.push_back(std::move(piece));
    }
    if (entry.disk->partitions.empty()) {
        for (auto const &volume : entry.volumes) {
            if (volume.kind == "disk" && pieces.empty())
                pieces.push_back(piece_of(volume));
        }
    }
    return pieces;
}

// Logical volumes have no one place on the disk; they are drawn one after the other.
std::vector<Piece> logical_pieces(const ReportEntry &entry, double &total)
{
    std::vector<Piece> pieces;
    total = 0;
    for (auto const &volume : entry.volumes) {
        if (volume.kind != "lvm" || pieces.size() >= most_drawn)
            continue;
        Piece piece = piece_of(volume);
        piece.offset = total;
        total += piece.length;
        pieces.push_back(std::move(piece));
    }
    return pieces;
}

// Places along the bar are in percent, so that it fits any screen without stretching a letter.
std::string rectangle(const char *kind, double x, double w)
{
    return fmt::format("<rect class=\"{}\" x=\"{:.3f}%\" y=\"0\" width=\"{:.3f}%\" height=\"{}\"/>\n", kind, x, w,
                       bar_height);
}

// Two lines on a plate, so that they can be read over used and free alike; nothing where there is no room.
std::string label(const Piece &piece, double x, double w)
{
    double const room = (w / 100 * least_width - 24) / character_width;
    if (piece.name.empty() || room < 3)
        return {};
    auto const fits = std::min<std::size_t>(static_cast<std::size_t>(room), 24);
    auto const cut = [&](const std::string &text) {
        return text.size() > fits ? printable(text, fits - 1) : printable(text);
    };
    std::string const name = cut(piece.name);
    std::string const under = piece.filesystem.empty() ? "-" : cut(piece.filesystem);
    double const plate =
        static_cast<double>(std::min(fits, std::max(name.size(), under.size()))) * character_width + 12;
    return fmt::format("<g class=\"label\" transform=\"translate(6 8)\">"
                       "<rect class=\"plate\" x=\"{0:.3f}%\" width=\"{1:.1f}\" height=\"40\" rx=\"4\"/>"
                       "<text x=\"{0:.3f}%\" dx=\"6\" y=\"17\">{2}</text>"
                       "<text x=\"{0:.3f}%\" dx=\"6\" y=\"33\">{3}</text></g>\n",
                       x, plate, html_text(name), html_text(under));
}

// `id` is the caption's, which names the drawing; `text` is what a screen reader says besides.
std::string bar(const std::string &id, const std::string &caption, const std::string &text,
                const std::vector<Piece> &pieces, double total)
{
    std::string out = fmt::format("<p class=\"caption\" id=\"{0}\">{1}</p>\n"
                                  "<svg class=\"bar\" width=\"100%\" height=\"{2}\" role=\"img\" "
                                  "aria-labelledby=\"{0} {0}-text\">\n<desc id=\"{0}-text\">{3}</desc>\n",
                                  id, caption, bar_height, text);
    out += rectangle("unallocated", 0, 100);
    for (auto const &piece : pieces) {
        double const start = std::clamp(piece.offset / total, 0.0, 1.0) * 100;
        double const end = std::clamp((piece.offset + piece.length) / total, 0.0, 1.0) * 100;
        double const w = end - start;
        out += rectangle(piece.used ? "free" : "opaque", start, w);
        if (piece.used && piece.length > 0)
            out += rectangle("used", start, w * std::clamp(*piece.used / piece.length, 0.0, 1.0));
        // The outline is never thinner than a line, so that even 1 MiB can be seen.
        out += rectangle("frame", start, w) + label(piece, start, w);
    }
    return out + rectangle("frame", 0, 100) + "</svg>\n";
}

std::string percent(double part, double whole)
{
    return whole > 0 ? fmt::format("{:.0f} %", std::round(100 * part / whole)) : "-";
}

struct Row {
    std::string name;
    std::string start;
    std::uint64_t length = 0;
    const FilesystemFacts *filesystem = nullptr;
    std::string mounted;
};

std::string table_row(const Row &row)
{
    std::string used = "unknown";
    std::string free = "unknown";
    std::string type = "-";
    if (row.filesystem != nullptr) {
        auto const &fs = *row.filesystem;
        if (!fs.type.empty())
            type = html_text(fs.type, 60);
        if (auto const bytes = used_of(fs)) {
            used = fmt::format("{} ({})", human_size(*fs.size - *fs.free), percent(*bytes, number(*fs.size)));
            free = human_size(*fs.free);
        }
    }
    return fmt::format("<tr><th scope=\"row\"><bdi>{}</bdi></th><td>{}</td><td>{}</td><td>{}</td><td>{}</td>"
                       "<td>{}</td><td><bdi>{}</bdi></td></tr>\n",
                       html_text(row.name, 120), row.start, human_size(row.length), type, used, free,
                       row.mounted.empty() ? "-" : html_text(row.mounted, 200));
}

std::string table(const ReportEntry &entry, std::string_view id)
{
    auto const &disk = *entry.disk;
    std::string rows;
    std::size_t listed = 0;
    for (auto const &partition : disk.partitions) {
        if (listed++ >= most_listed)
            break;
        Row row{fmt::format("Partition {}", partition.number), human_size(partition.offset), partition.length, nullptr,
                ""};
        if (is_extended(disk, partition))
            row.name += " (extended)";
        if (!partition.inside_disk)
            row.name += " (ends past the disk)";
        if (const VolumeFacts *const volume = volume_of(entry, partition)) {
            row.filesystem = &volume->filesystem;
            row.mounted = mounted_at(entry, volume->device);
        }
        rows += table_row(row);
    }
    for (auto const &volume : entry.volumes) {
        if (volume.kind == "partition" || listed++ >= most_listed)
            continue;
        rows += table_row({volume.device, volume.kind == "lvm" ? "-" : human_size(volume.offset), volume.length,
                           &volume.filesystem, mounted_at(entry, volume.device)});
    }
    if (rows.empty())
        return "<p>No partition and no filesystem was found.</p>\n";
    return fmt::format(
        "<div class=\"scroll\" role=\"region\" aria-label=\"Partitions and volumes, {}\" tabindex=\"0\">\n<table>\n"
        "<caption>Partitions and volumes</caption>\n<thead><tr><th scope=\"col\">Name</th>"
        "<th scope=\"col\">Start</th><th scope=\"col\">Size</th><th scope=\"col\">Filesystem</th>"
        "<th scope=\"col\">Used</th><th scope=\"col\">Free</th><th scope=\"col\">Mounted at</th></tr></thead>\n"
        "<tbody>\n{}</tbody>\n</table>\n</div>\n",
        id, rows);
}

std::string legend()
{
    std::string out = "<ul class=\"legend\">\n";
    struct Entry {
        const char *kind;
        const char *name;
    };
    for (auto const &[kind, name] : {Entry{"used", "used"}, Entry{"free", "free in a filesystem"},
                                     Entry{"opaque", "allocated, use not known"}, Entry{"unallocated", "unallocated"}})
        out += fmt::format("<li><svg class=\"swatch\" viewBox=\"0 0 16 16\" aria-hidden=\"true\" focusable=\"false\">"
                           "<rect class=\"{0}\" width=\"16\" height=\"16\"/><rect class=\"frame\" width=\"16\" "
                           "height=\"16\"/></svg> {1}</li>\n",
                           kind, name);
    return out + "</ul>\n";
}

}  // namespace

std::string disk_figure(const ReportEntry &entry, std::string_view id)
{
    if (!entry.disk || entry.disk->size == 0)
        return {};
    auto const &disk = *entry.disk;
    auto const partitions = partition_pieces(entry);
    double logical_total = 0;
    auto const logical = logical_pieces(entry, logical_total);

    std::string const table_name =
        disk.table == "none" ? "no partition table" : html_text(to_upper(disk.table), 20) + " partition table";
    std::string out = "<figure class=\"disk\">\n";
    out += bar(fmt::format("{}-drawing", id), fmt::format("Disk: {}, {}", human_size(disk.size), table_name),
               fmt::format("{} to scale. The table below says the same in numbers.",
                           counted(disk.partitions.size(), "partition", "partitions")),
               partitions, number(disk.size));
    if (logical_total > 0)
        out += bar(
            fmt::format("{}-logical", id),
            fmt::format("Logical volumes: {}", human_size(static_cast<std::uint64_t>(std::min(logical_total, 9e18)))),
            fmt::format("{} to scale, one after the other.", counted(logical.size(), "volume", "volumes")), logical,
            logical_total);
    // How much of the virtual disk takes room on the host. A compressed or thin file takes less.
    std::uint64_t const stored = entry.probe.allocated_size;
    Piece const file{"", 0, number(stored), number(stored), ""};
    out += bar(fmt::format("{}-file", id),
               fmt::format("Image file on the host: {} of {}", human_size(stored), human_size(disk.size)),
               "The room that the image file takes, against the size of the disk.", {file},
               number(std::max(disk.size, stored)));
    return out + legend() + "</figure>\n" + table(entry, id);
}

}  // namespace imgport
