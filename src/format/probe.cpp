#include <imgport/image.hpp>

#include <algorithm>
#include <array>
#include <exception>

#include <fcntl.h>
#include <fmt/format.h>

#include "format/file_container.hpp"
#include "format/identify.hpp"
#include "format/packed.hpp"
#include "format/wrapper.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

// Every format there is. RAW, which recognises everything, is not asked but assumed.
constexpr std::array<const FormatReader *, 11> readers{&qcow2_reader, &vhd_reader,  &vmdk_reader, &vhdx_reader,
                                                       &vdi_reader,   &qcow_reader, &qed_reader,  &parallels_reader,
                                                       &dmg_reader,   &iso_reader,  &ovf_reader};

std::vector<const FormatReader *> matches_of(Container &container)
{
    std::vector<const FormatReader *> found;
    for (auto const *reader : readers) {
        if (reader->recognise(container))
            found.push_back(reader);
    }
    return found;
}

// Whoever opens such a file next may take it for the other one: CVE-2015-1850 and its family.
void refuse_two_formats(ImageFacts &facts, std::string_view one, std::string_view other)
{
    add_hazard(facts, "two-formats", HazardSeverity::refuse,
               fmt::format("is {} and {} at once; which one is read would be a matter of luck", one, other));
    set_error(facts, malformed(fmt::format("two formats match at once: {} and {}", one, other), {}, "magic"));
}

// A copy of our own: what the image names is not looked for beside it.
class NamelessContainer final : public Container {
public:
    explicit NamelessContainer(Container &base) : m_base(base) {}
    std::optional<std::uint64_t> size() const override { return m_base.size(); }
    bool has(std::uint64_t offset, std::uint64_t length) const override { return m_base.has(offset, length); }
    Result<std::vector<std::byte>> read(std::uint64_t offset, std::size_t length) override
    {
        return m_base.read(offset, length);
    }
    const std::string &path() const override { return m_path; }

private:
    Container &m_base;
    std::string m_path;
};

// What a file is that begins like a wrapper, and is something else as well; empty where it is not.
std::string second_format(Container &container)
{
    auto const matches = matches_of(container);
    if (!matches.empty())
        return to_string(matches.front()->format);
    // The boot sector of a disk can be written so that it passes for a wrapper: then it is the guest who chose.
    auto const length = static_cast<std::size_t>(std::min<std::uint64_t>(container.size().value_or(0), content_reach));
    auto const head = container.read(0, length);
    std::string const content = head ? content_of(*head) : std::string();
    return content == "mbr" || content == "gpt" ? "a disk with a partition table" : "";
}

// A device is a raw disk, whatever stands on it: what it begins with was written by the system that it belongs to, and
// who takes that for an image follows what a guest says. The same of what lies on another machine, since of the other
// formats only a part could be read from here.
void describe_raw_only(FileContainer &container, const ProbeOptions &options, ImageFacts &facts)
{
    auto const head = container.file().read_up_to(0, PeekedStream::head_size);
    if (!head)
        return set_error(facts, head.error());
    // An ISO is its own bytes.
    auto const matches = matches_of(container);
    bool const is_iso = matches.size() == 1 && matches[0]->format == Format::iso;
    auto const wrapper = matches.empty() ? wrapper_of(*head) : std::nullopt;
    facts.format = is_iso ? Format::iso : Format::raw;
    if ((matches.empty() && !wrapper) || is_iso)
        return (is_iso ? iso_reader : raw_reader).describe(container, options.allowed, facts);
    std::string_view const found = wrapper ? to_string(*wrapper) : std::string_view(to_string(matches[0]->format));
    if (container.file().is_device())
        add_hazard(facts, "not-raw", HazardSeverity::refuse,
                   fmt::format("is a device that begins or ends like {}: a device is read as the disk that it is, and "
                               "there a guest may have written that. If an image was stored on it, copy it into a file "
                               "(dd if=DEVICE of=FILE) and give that",
                               found));
    else
        add_hazard(
            facts, "not-raw", HazardSeverity::refuse,
            fmt::format("is {}: of another machine only raw disks and devices are read; copy the file here first",
                        found));
}

// What is worth knowing before a device is taken for a disk.
void note_use(const InputFile &file, ImageFacts &facts)
{
    if (!file.is_device())
        return;
    auto const use = file.use();
    if (!use) {
        add_hazard(facts, "in-use", HazardSeverity::note,
                   "whether the disk is in use cannot be told: if it is, what is read is no more than what a power cut "
                   "would leave (crash-consistent)");
        return;
    }
    if (!use->uses.empty())
        add_hazard(facts, "in-use", HazardSeverity::note,
                   fmt::format("the disk is in use: {}; what is read is at best what a power cut would leave "
                               "(crash-consistent): start another system, or make a snapshot and read that",
                               use->text()));
    if (!use->disk.empty())
        add_hazard(facts, "partition", HazardSeverity::note,
                   fmt::format("is a partition of /dev/{}: it has no partition table and no boot loader of its own, "
                               "while clouds boot whole disks",
                               printable(use->disk, 100)));
}

void probe_container(FileContainer &container, Neighbours neighbours, const ProbeOptions &options, ImageFacts &facts)
{
    if (container.file().is_device() || container.file().is_remote()) {
        describe_raw_only(container, options, facts);
        return note_use(container.file(), facts);
    }
    // Some kilobytes here and there: by itself the kernel would read megabytes around each (8 MiB on some machines).
    ::posix_fadvise(container.file().fd(), 0, 0, POSIX_FADV_RANDOM);
    auto const head = container.file().read_up_to(0, PeekedStream::head_size);
    if (!head)
        return set_error(facts, head.error());
    auto wrapper = wrapper_of(*head);
    // The first chunk of a DMG can be a whole stream of its own; what counts is the trailer at the end.
    if (wrapper && may_begin_a_dmg(*wrapper) && dmg_reader.recognise(container))
        wrapper.reset();
    if (!wrapper) {
        NamelessContainer nameless(container);
        Container &seen = neighbours == Neighbours::none ? static_cast<Container &>(nameless) : container;
        return identify(seen, options.allowed, facts);
    }
    if (std::string const other = second_format(container); !other.empty()) {
        facts.wrapped_in = {to_string(*wrapper)};
        return refuse_two_formats(facts, to_string(*wrapper), other);
    }
    ::posix_fadvise(container.file().fd(), 0, 0, POSIX_FADV_SEQUENTIAL);
    Budget budget(options.max_stream_bytes, options.max_stream_seconds);
    FileStream stream(container.file());
    ImageFacts packed = describe_packed(stream, options.allowed, budget);
    packed.path = facts.path;
    packed.file_size = facts.file_size;
    packed.allocated_size = facts.allocated_size;
    facts = std::move(packed);
}

}  // namespace

void identify(Container &container, const AllowedFiles &allowed, ImageFacts &facts)
{
    auto const matches = matches_of(container);
    auto const *const reader = matches.empty() ? &raw_reader : matches.front();
    facts.format = reader->format;
    if (matches.size() > 1)
        return refuse_two_formats(facts, to_string(matches[0]->format), to_string(matches[1]->format));
    reader->describe(container, allowed, facts);
}

ImageFacts probe_file(InputFile file, const std::string &path, Neighbours neighbours, const ProbeOptions &options)
{
    ImageFacts facts;
    facts.path = path;
    facts.file_size = file.size();
    facts.allocated_size = file.allocated_size();
    FileContainer container(std::move(file));
    try {
        probe_container(container, neighbours, options, facts);
    } catch (const std::exception &exception) {
        // Nothing here throws by itself; a library or an allocation did, and the image is what made it so.
        set_error(facts, malformed(fmt::format("cannot be examined: {}", printable(exception.what(), 200)), {}, ""));
    }
    return facts;
}

ImageFacts probe(const std::string &path, const ProbeOptions &options)
{
    auto file = InputFile::open_source(path, remote_user(options.allowed));
    if (!file) {
        ImageFacts facts;
        facts.path = path;
        // A wrong address is not repeated: there may be a password in it.
        if (!check_source_address(path))
            facts.path = source_name(path);
        set_error(facts, file.error());
        return facts;
    }
    return probe_file(std::move(*file), path, Neighbours::reachable, options);
}

}  // namespace imgport
