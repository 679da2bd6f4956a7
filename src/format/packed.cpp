#include "format/packed.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include <imgport/progress.hpp>

#include "format/digest_stream.hpp"
#include "format/identify.hpp"
#include "format/stream_container.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

// Past the budget, the members of an archive that can be stepped through still show their heads, a few of them.
constexpr unsigned most_grants = 8;
constexpr std::uint64_t granted_bytes = StreamContainer::usual_head;
constexpr double granted_seconds = 0.25;

// What a method that remembers everything unpacks takes memory: an eighth of the budget is enough of it.
constexpr unsigned hungry_price = 8;

constexpr std::size_t most_listed = 100;  // ImageDetails::members
constexpr std::size_t longest_manifest = std::size_t{1} << 20;

// An archive, as far as it was read.
struct Survey {
    std::vector<SeenMember> disks = {};         // and what a descriptor refers to
    std::optional<SeenMember> first = {};       // the first regular member, whatever it is
    std::optional<ImageError> unreadable = {};  // of the first member that nothing could be read of
    std::size_t regular = 0;
    std::size_t descriptors = 0;
    Package package = {};
    std::optional<std::vector<ManifestSum>> sums = {};  // of the manifest, where it was seen
    std::vector<std::string> referenced = {};           // names in the descriptor, where it was seen
    bool complete = false;
};

// A stream that leaves its head and tail behind in a container.
class RecordedStream final : public ByteStream {
public:
    explicit RecordedStream(ByteStream &base) : m_base(base), m_container(recorded_head) {}
    Result<std::size_t> read(std::span<std::byte> out) override
    {
        auto n = m_base.read(out);
        if (n)
            m_container.keep(out.first(*n));
        return n;
    }
    StreamContainer &container() { return m_container; }

private:
    // All that matters of a DMG is at its end.
    static constexpr std::size_t recorded_head = std::size_t{64} << 10;
    ByteStream &m_base;
    StreamContainer m_container;
};

class Walker {
public:
    Walker(const AllowedFiles &allowed, Budget &budget) : m_allowed(allowed), m_budget(budget) {}

    ImageFacts describe(ByteStream &stream, unsigned depth)
    {
        auto const peeked = PeekedStream::make(stream);
        if (!peeked) {
            ImageFacts facts;
            note_failure(facts, peeked.error());
            return facts;
        }
        auto const wrapper = wrapper_of((*peeked)->head());
        if (!wrapper)
            return describe_disk(**peeked);
        ImageFacts facts;
        if (may_begin_a_dmg(*wrapper) && !stream.size())
            return describe_compressed_or_dmg(*wrapper, **peeked, depth);
        if (depth == deepest_nesting)
            set_error(facts, too_deep());
        else if (!is_supported(*wrapper))
            refuse_unsupported(*wrapper, facts);
        else if (is_archive(*wrapper))
            return describe_archive(*wrapper, **peeked, depth);
        else
            facts = describe_compressed(*wrapper, **peeked, depth);
        facts.wrapped_in.insert(facts.wrapped_in.begin(), to_string(*wrapper));
        return facts;
    }

private:
    // What a stream says about its end is no news once the budget is used up.
    void note_failure(ImageFacts &facts, const Error &error)
    {
        if (interrupted())
            set_error(facts, {ErrorCode::interrupted, "interrupted"});
        else if (m_budget.exhausted())
            note_unread(facts);
        else
            set_error(facts, error);
    }

    static Error too_deep()
    {
        return malformed(fmt::format("more than {} wrappers inside one another", deepest_nesting), {}, "");
    }

    static void refuse_unsupported(Wrapper wrapper, ImageFacts &facts)
    {
        if (is_archive(wrapper))
            facts.format = Format::archive;
        Error error{ErrorCode::refused, fmt::format("{} is not supported", to_string(wrapper))};
        error.hint = "unpack it first";
        set_error(facts, error);
    }

    ImageFacts describe_disk(ByteStream &stream)
    {
        ImageFacts facts;
        StreamContainer container;
        auto const filled = container.fill(stream, m_budget);
        if (filled || container.position() > 0)
            identify(container, m_allowed, facts);
        if (!filled)
            note_failure(facts, filled.error());
        else if (!container.complete())
            note_failure(facts, {});
        return facts;
    }

    ImageFacts describe_compressed(Wrapper wrapper, ByteStream &stream, unsigned depth)
    {
        ImageFacts facts;
        auto const layer = open_compressed(wrapper, stream);
        if (!layer) {
            note_failure(facts, layer.error());
            return facts;
        }
        MeteredStream metered(**layer, m_budget);
        facts = describe(metered, depth + 1);
        // An archive ends before its stream does; the checksum of the stream is behind that.
        if (facts.error || m_budget.exhausted())
            return facts;
        if (auto const rest = drain(metered); !rest || m_budget.exhausted())
            note_failure(facts, rest ? Error{} : rest.error());
        return facts;
    }

    // The first chunk of a DMG can be a whole stream of its own; only the trailer at the end tells.
    ImageFacts describe_compressed_or_dmg(Wrapper wrapper, ByteStream &stream, unsigned depth)
    {
        ImageFacts facts;
        RecordedStream recorded(stream);
        if (depth == deepest_nesting)
            set_error(facts, too_deep());
        else
            facts = describe_compressed(wrapper, recorded, depth);
        facts.wrapped_in.insert(facts.wrapped_in.begin(), to_string(wrapper));
        if (!m_budget.exhausted() && drain(recorded) && !m_budget.exhausted()) {
            recorded.container().finish();
            if (dmg_reader.recognise(recorded.container())) {
                facts = {};
                identify(recorded.container(), m_allowed, facts);
            }
        }
        return facts;
    }

    ImageFacts describe_archive(Wrapper kind, ByteStream &stream, unsigned depth)
    {
        ImageFacts facts;
        facts.format = Format::archive;
        Survey survey;
        auto const reader = ArchiveReader::open(kind, stream);
        if (reader)
            read_members(**reader, stream.size().has_value(), depth, survey, facts);
        else
            note_failure(facts, reader.error());
        if (survey.descriptors > 0) {
            describe_machine(survey, facts);
            // The tar is the OVA itself, and not around it.
            if (kind != Wrapper::tar)
                facts.wrapped_in.insert(facts.wrapped_in.begin(), to_string(kind));
            return facts;
        }
        choose_disk(survey, facts);
        facts.wrapped_in.insert(facts.wrapped_in.begin(), to_string(kind));
        return facts;
    }

    void read_members(ArchiveReader &reader, bool seekable, unsigned depth, Survey &survey, ImageFacts &facts)
    {
        MemberCheck check;
        unsigned grants = 0;
        for (std::size_t count = 0;; ++count) {
            auto const member = reader.next();
            if (!member)
                return note_failure(facts, member.error());
            if (!*member) {
                survey.complete = !m_budget.exhausted();
                return;
            }
            if (count == most_members)
                return set_error(facts, malformed(fmt::format("more than {} members", most_members), {}, "archive"));
            if (auto hazard = check.check(**member)) {
                if (!facts.hazard(hazard->id))
                    facts.hazards.push_back(std::move(*hazard));
                if ((*member)->encrypted)
                    list(facts, **member, Format::unknown);
                continue;
            }
            if ((*member)->kind != MemberKind::file || is_apple_double((*member)->name))
                continue;
            read_member(reader, **member, depth, survey, facts);
            if (!m_budget.exhausted())
                continue;
            note_unread(facts);
            if (!seekable || interrupted() || ++grants > most_grants)
                return;
            m_budget.grant(granted_bytes, granted_seconds);
        }
    }

    void read_member(ArchiveReader &reader, const Member &member, unsigned depth, Survey &survey, ImageFacts &facts)
    {
        ++survey.regular;
        MeteredStream metered(reader.data(), m_budget, member.hungry ? hungry_price : 1);
        if (has_suffix(member.name, ".ovf"))
            return read_descriptor(metered, member, survey, facts);
        if (has_suffix(member.name, ".mf"))
            return read_manifest(metered, member, survey, facts);
        DigestStream digested(metered, algorithms_for(member, survey));
        SeenMember seen{member, describe(digested, depth + 1)};
        if (!m_budget.exhausted() && digested.drain() && !m_budget.exhausted())
            read_sums(digested, seen);
        else if (seen.facts.format == Format::raw && !seen.facts.error && !seen.facts.virtual_size &&
                 seen.facts.wrapped_in.empty())
            seen.facts.virtual_size = member.size;
        seen.is_disk = is_disk(seen);
        list(facts, member, seen.is_disk ? seen.facts.format : Format::unknown);
        auto const &names = survey.referenced;
        bool const referenced = std::find(names.begin(), names.end(), normal_name(member.name)) != names.end();
        if ((seen.is_disk || referenced) && survey.disks.size() < most_listed)
            survey.disks.push_back(seen);
        if (seen.facts.format == Format::unknown && !survey.unreadable)
            survey.unreadable = seen.facts.error;
        if (!survey.first)
            survey.first = std::move(seen);
    }

    void read_descriptor(ByteStream &stream, const Member &member, Survey &survey, ImageFacts &facts)
    {
        list(facts, member, Format::unknown);
        if (++survey.descriptors > 1)
            return;
        survey.package.ovf_name = member.name;
        auto text = read_text(stream, longest_ovf, "OVF descriptor");
        if (!text)
            return note_failure(facts, text.error());
        survey.package.ovf_text = std::move(*text);
        // A first look, for the names of the disks' files; what is wrong with it is told when all were seen.
        ImageFacts first_look;
        if (!read_ovf(survey.package.ovf_text, first_look))
            return;
        for (auto const &disk : first_look.details.ovf->disks)
            survey.referenced.push_back(beside(member.name, disk.file));
    }

    void read_manifest(ByteStream &stream, const Member &member, Survey &survey, ImageFacts &facts)
    {
        list(facts, member, Format::unknown);
        if (!survey.package.manifest_name.empty())
            return;
        survey.package.manifest_name = member.name;
        auto text = read_text(stream, longest_manifest, "OVF manifest");
        if (!text)
            return note_failure(facts, text.error());
        survey.package.manifest_text = std::move(*text);
        if (auto sums = read_ovf_manifest(survey.package.manifest_text))
            survey.sums = std::move(*sums);
    }

    Result<std::string> read_text(ByteStream &stream, std::size_t limit, const char *field)
    {
        std::string text;
        std::array<std::byte, 16384> buffer{};
        for (;;) {
            auto const n = stream.read(buffer);
            if (!n)
                return fail(n.error());
            if (*n == 0)
                return m_budget.exhausted() ? Result<std::string>(fail(Error{})) : text;
            text += text_of(Bytes(buffer).first(*n));
            if (text.size() > limit)
                return fail(malformed(fmt::format("is longer than {}", human_size(limit)), {}, field));
        }
    }

    // The manifest stands before the disks as a rule; where it does not, the usual sums are computed for it.
    static std::vector<std::string> algorithms_for(const Member &member, const Survey &survey)
    {
        if (survey.descriptors == 0)
            return {};
        if (survey.package.manifest_name.empty())
            return {"SHA1", "SHA256"};
        std::vector<std::string> algorithms;
        for (auto const &sum : survey.sums.value_or(std::vector<ManifestSum>{})) {
            if (beside(survey.package.manifest_name, sum.file) == normal_name(member.name))
                algorithms.push_back(sum.algorithm);
        }
        return algorithms;
    }

    static void read_sums(DigestStream &digested, SeenMember &seen)
    {
        for (const char *algorithm : {"SHA1", "SHA256", "SHA384", "SHA512"}) {
            if (auto hex = digested.hex(algorithm); !hex.empty())
                seen.sums.emplace(algorithm, std::move(hex));
        }
    }

    // Among several members: what a format recognises, and what is raw and looks or is named like a disk.
    static bool is_disk(const SeenMember &seen)
    {
        switch (seen.facts.format) {
        case Format::unknown:
        case Format::archive: return false;
        case Format::raw: break;
        default: return true;
        }
        constexpr std::uint64_t smallest_disk = 512;
        bool const tiny = seen.facts.virtual_size && *seen.facts.virtual_size < smallest_disk;
        // ".gz" and the like: the name that counts is before that.
        std::string_view name = seen.member.name;
        for (std::size_t i = 0; i < seen.facts.wrapped_in.size(); ++i)
            name = name.substr(0, std::min(name.rfind('.'), name.size()));
        return !tiny && (seen.facts.details.content.value_or("") != "" || has_disk_suffix(name));
    }

    static void list(ImageFacts &facts, const Member &member, Format format)
    {
        if (facts.details.members.size() < most_listed)
            facts.details.members.push_back({member.name, member.size.value_or(0), format});
    }

    static void choose_disk(Survey &survey, ImageFacts &facts)
    {
        const SeenMember *chosen = nullptr;
        if (survey.regular == 1 && survey.first)
            chosen = &*survey.first;
        else if (survey.disks.size() == 1)
            chosen = &survey.disks.front();
        if (chosen == nullptr) {
            // The reason why one of them could not be read is the reason why there is no disk.
            if (survey.disks.empty() && !facts.error)
                facts.error = survey.unreadable;
            return;
        }
        if (survey.regular > 1)
            add_hazard(facts, "other-members", HazardSeverity::note,
                       fmt::format("the archive holds {} other files, none of them a disk", survey.regular - 1));
        adopt(*chosen, facts);
    }

    static void adopt(const SeenMember &chosen, ImageFacts &facts)
    {
        ImageFacts const &inner = chosen.facts;
        auto members = std::move(facts.details.members);
        facts.format = inner.format == Format::unknown ? Format::archive : inner.format;
        facts.variant = inner.variant;
        facts.virtual_size = inner.virtual_size;
        facts.wrapped_in = inner.wrapped_in;
        facts.details = inner.details;
        if (facts.details.members.empty())
            facts.details.members = std::move(members);
        if (facts.format != Format::archive)
            facts.member = chosen.member.name + (inner.member ? std::string(nested_separator) + *inner.member : "");
        for (auto const &hazard : inner.hazards) {
            if (!facts.hazard(hazard.id))
                facts.hazards.push_back(hazard);
        }
        if (!facts.error)
            facts.error = inner.error;
    }

    static void describe_machine(Survey &survey, ImageFacts &facts)
    {
        if (survey.descriptors > 1)
            add_hazard(
                facts, "several-systems", HazardSeverity::refuse,
                fmt::format("the package holds {} OVF descriptors: export one machine at a time", survey.descriptors));
        survey.package.members = std::move(survey.disks);
        survey.package.complete = survey.complete;
        describe_package(survey.package, facts);
    }

    const AllowedFiles &m_allowed;
    Budget &m_budget;
};

}  // namespace

ImageFacts describe_packed(ByteStream &stream, const AllowedFiles &allowed, Budget &budget)
{
    return Walker(allowed, budget).describe(stream, 0);
}

void note_unread(ImageFacts &facts)
{
    if (!facts.hazard("not-read-to-end"))
        add_hazard(facts, "not-read-to-end", HazardSeverity::note,
                   "it is packed, and was not read to its end: what stands there is not known yet");
}

}  // namespace imgport
