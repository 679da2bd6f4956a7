#include "format/source.hpp"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "format/container.hpp"
#include "format/extent_set.hpp"
#include "format/identify.hpp"
#include "format/native_disk.hpp"
#include "format/qemu.hpp"
#include "format/reading.hpp"
#include "format/unpack.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

constexpr std::size_t longest_chain = 8;
constexpr std::uint64_t usual_unpacked = std::uint64_t{2} << 40;

// The same with the path that the user knows.
Error refusal(const ImageFacts &facts, const std::string &path)
{
    Error error = facts.refusal();
    error.file = path;
    return error;
}

Error no_disk(const ImageFacts &image)
{
    Error error{ErrorCode::refused, "holds no single disk"};
    error.file = image.path;
    if (image.format == Format::ova && !image.details.members.empty())
        error.message = "the OVF descriptor names no disk with a file";
    else if (image.format == Format::ova) {
        error.message = "is only the descriptor of a machine";
        error.hint = "give the OVA, or the disk files that it names";
    } else {
        error.hint = "unpack it, and give the disk itself";
    }
    return error;
}

bool is_packed(const ImageFacts &image)
{
    return !image.wrapped_in.empty() || image.member;
}

// The same file once more, for who wants one of his own.
Result<InputFile> open_again(const InputFile &file, Links links, RemoteUser user = RemoteUser::login)
{
    auto again =
        links == Links::follow ? InputFile::open_source(file.path(), user) : InputFile::open(file.path(), links);
    if (again && !(again->identity() == file.identity())) {
        Error error{ErrorCode::unreadable, "changed while it was being read"};
        error.file = file.path();
        return fail(error);
    }
    return again;
}

// A file that has no name any more, by its descriptor.
Result<InputFile> open_unnamed(const Fd &fd)
{
    return InputFile::open(fmt::format("/proc/self/fd/{}", fd.get()));
}

// One image of a backing chain.
struct Link {
    InputFile file;
    ImageFacts facts;
};

}  // namespace

struct Source::State {
    Link image;                               // what qemu opens: the user's file, or the unpacked copy
    std::optional<InputFile> user_file = {};  // where that is another one
    std::vector<Link> backing = {};           // from the top down
    std::optional<ExtentSet> extents = {};
};

namespace {

// What the header says about its backing file's format must be what we found: otherwise one of the two readings is the
// guest's doing (CVE-2014-0134 and its family).
Result<void> check_backing_format(const Qcow2Details &header, const ImageFacts &found, const std::string &path)
{
    if (!header.backing_format || *header.backing_format == qemu_driver(found.format))
        return {};
    // QEMU, which writes that header, takes a fixed VHD for raw.
    Error error{ErrorCode::refused, fmt::format("is {}, but the image on top of it says {}", to_string(found.format),
                                                printable(*header.backing_format, 40))};
    error.file = path;
    return fail(error);
}

Result<std::vector<Link>> open_backing(const std::string &path, const Link &image, const AllowedFiles &allowed)
{
    std::vector<Link> chain;
    std::vector<FileIdentity> seen{image.file.identity()};
    const ImageFacts *top = &image.facts;
    while (top->details.qcow2 && top->details.qcow2->backing_file) {
        std::string const name = *top->details.qcow2->backing_file;
        bool const named = std::find(allowed.backing.begin(), allowed.backing.end(), name) != allowed.backing.end();
        std::string const place = dir_name(path) + "/" + name;
        auto const refuse = [&](std::string message) {
            Error error{ErrorCode::refused, std::move(message)};
            error.file = place;
            return fail(error);
        };
        if (!named || !is_plain_name(name))
            return refuse("is a backing file that was not allowed by name");
        if (chain.size() == longest_chain)
            return refuse(fmt::format("the chain of backing files is longer than {}", longest_chain));
        auto file = InputFile::open(place, Links::refuse);
        if (!file)
            return fail(file.error());
        bool const loop = std::any_of(seen.begin(), seen.end(), [&](const FileIdentity &other) {
            return other.device == file->identity().device && other.inode == file->identity().inode;
        });
        if (loop)
            return refuse("the chain of backing files is a loop");
        seen.push_back(file->identity());
        auto again = open_again(*file, Links::refuse);
        if (!again)
            return fail(again.error());
        auto facts = probe_file(std::move(*again), place, Neighbours::reachable, {allowed});
        if (facts.refused())
            return fail(refusal(facts, place));
        if (is_packed(facts) || qemu_driver(facts.format).empty() || facts.format == Format::iso)
            return refuse(fmt::format("{} cannot be a backing file", to_string(facts.format)));
        if (auto done = check_backing_format(*top->details.qcow2, facts, place); !done)
            return fail(done.error());
        chain.push_back({std::move(*file), std::move(facts)});
        top = &chain.back().facts;
    }
    return chain;
}

Result<Fd> private_copy(const InputFile &file, const ImageFacts &image, const SourceOptions &options,
                        ProgressSink &progress)
{
    if (!is_packed(image))
        return copy_sparse(file, options.temp_dir);
    std::uint64_t const most = options.max_unpacked != 0 ? options.max_unpacked : usual_unpacked;
    return unpack(file, image, {options.temp_dir, most}, progress);
}

// The unpacked copy, probed once more: what was streamed need not be what came out.
Result<Link> open_copy(const Fd &copy, const ImageFacts &image, const SourceOptions &options)
{
    auto file = open_unnamed(copy);
    auto again = open_unnamed(copy);
    if (!file || !again)
        return fail(file ? again.error() : file.error());
    auto facts = probe_file(std::move(*again), image.path, Neighbours::none, {options.allowed});
    if (is_packed(facts) || qemu_driver(facts.format).empty())
        return fail(no_disk(image));
    facts.wrapped_in = image.wrapped_in;
    facts.member = image.member;
    if (facts.refused())
        return fail(refusal(facts, image.path));
    return Link{std::move(*file), std::move(facts)};
}

bool must_replay(const ImageFacts &facts)
{
    return facts.details.vhdx && facts.details.vhdx->log_pending;
}

}  // namespace

Source::Source(std::unique_ptr<State> state) : m_state(std::move(state)) {}
Source::Source(Source &&) noexcept = default;
Source &Source::operator=(Source &&) noexcept = default;
Source::~Source() = default;

Result<Source> Source::open(const std::string &path, const ImageFacts &image, const SourceOptions &given,
                            ProgressSink &progress)
{
    SourceOptions options = given;
    options.temp_dir = temporary_directory(given.temp_dir);
    if (image.refused())
        return fail(refusal(image, path));
    if (image.format == Format::archive || image.format == Format::unknown ||
        (image.format == Format::ova && !image.member))
        return fail(no_disk(image));
    auto file = InputFile::open_source(path, remote_user(options.allowed));
    if (!file)
        return fail(file.error());

    if (is_packed(image)) {
        auto copy = private_copy(*file, image, options, progress);
        auto link = copy ? open_copy(*copy, image, options) : fail(copy.error());
        if (link && must_replay(link->facts)) {
            if (auto done = replay_vhdx_log(copy->get(), path); !done)
                return fail(done.error());
            link = open_copy(*copy, image, options);
        }
        if (!link) {
            Error error = link.error();
            error.file = error.file.empty() || error.file.starts_with("/proc/self/fd/") ? path : error.file;
            return fail(error);
        }
        return Source(std::unique_ptr<State>(new State{std::move(*link), std::move(*file)}));
    }

    // What was probed may have been replaced since: what counts is the file that is open now.
    auto again = open_again(*file, Links::follow, remote_user(options.allowed));
    if (!again)
        return fail(again.error());
    auto facts = probe_file(std::move(*again), path, Neighbours::reachable, {options.allowed});
    if (facts.refused())
        return fail(refusal(facts, path));
    if (facts.format != image.format || is_packed(facts)) {
        Error error{ErrorCode::unreadable,
                    fmt::format("was {}, and is {} now", to_string(image.format), to_string(facts.format))};
        error.file = path;
        return fail(error);
    }
    if (must_replay(facts)) {
        auto copy = private_copy(*file, facts, options, progress);
        if (!copy)
            return fail(copy.error());
        if (auto done = replay_vhdx_log(copy->get(), path); !done)
            return fail(done.error());
        auto link = open_copy(*copy, facts, options);
        if (!link)
            return fail(link.error());
        return Source(std::unique_ptr<State>(new State{std::move(*link), std::move(*file)}));
    }
    std::unique_ptr<State> state(new State{Link{std::move(*file), std::move(facts)}});
    auto chain = open_backing(path, state->image, options.allowed);
    if (!chain)
        return fail(chain.error());
    state->backing = std::move(*chain);
    auto const &vmdk = state->image.facts.details.vmdk;
    if (vmdk && !vmdk->embedded_descriptor) {
        auto extents = ExtentSet::open(path, *vmdk, options.allowed, options.temp_dir);
        if (!extents)
            return fail(extents.error());
        state->extents = std::move(*extents);
    }
    return Source(std::move(state));
}

const ImageFacts &Source::facts() const
{
    return m_state->image.facts;
}

std::string Source::qemu_name() const
{
    auto const &image = m_state->image;
    auto node =
        qemu_image_node(image.facts, m_state->extents ? m_state->extents->node() : qemu_file_node(image.file.fd()));
    // From the bottom up, each image holds the one below it.
    nlohmann::ordered_json below = nullptr;
    for (auto link = m_state->backing.rbegin(); link != m_state->backing.rend(); ++link) {
        auto backing = qemu_image_node(link->facts, qemu_file_node(link->file.fd()));
        if (!below.is_null())
            backing["backing"] = std::move(below);
        below = std::move(backing);
    }
    if (!below.is_null())
        node["backing"] = std::move(below);
    return qemu_name_of(node);
}

std::vector<int> Source::fds() const
{
    std::vector<int> fds{fd()};
    for (auto const &link : m_state->backing)
        fds.push_back(link.file.fd());
    if (m_state->extents) {
        auto const more = m_state->extents->fds();
        fds.insert(fds.end(), more.begin(), more.end());
    }
    return fds;
}

int Source::fd() const
{
    return m_state->image.file.fd();
}

const InputFile &Source::file() const
{
    return m_state->image.file;
}

Result<void> Source::check_unchanged() const
{
    auto const &user_file = m_state->user_file ? *m_state->user_file : m_state->image.file;
    if (auto done = user_file.check_unchanged(); !done)
        return done;
    for (auto const &link : m_state->backing) {
        if (auto done = link.file.check_unchanged(); !done)
            return done;
    }
    return m_state->extents ? m_state->extents->check_unchanged() : Result<void>();
}

Result<std::shared_ptr<Disk>> open_native_disk(const Source &source)
{
    auto const &state = *source.m_state;
    auto const cache = std::make_shared<ImageCache>();
    if (state.extents)
        return open_vmdk_split_disk(state.extents->parts(), cache);
    // From the bottom up, each image holds the one below it.
    std::shared_ptr<Disk> below;
    for (auto link = state.backing.rbegin(); link != state.backing.rend(); ++link) {
        auto disk = open_native_disk(link->file, link->facts, cache, std::move(below));
        if (!disk)
            return disk;
        below = std::move(*disk);
    }
    return open_native_disk(state.image.file, state.image.facts, cache, std::move(below));
}

}  // namespace imgport
