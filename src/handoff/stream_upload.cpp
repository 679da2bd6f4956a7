#include "handoff/stream_upload.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "handoff/object_completion.hpp"
#include "handoff/part_attempts.hpp"
#include "handoff/part_sums.hpp"
#include "handoff/upload_ids.hpp"
#include "support/crc64_combine.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

// The part that the stream stands at.
class StreamBody final : public RequestBody {
public:
    StreamBody(ImageStream &stream, std::uint64_t length, PartSums sums)
        : m_stream(stream), m_length(length), m_start(sums.copy()), m_sums(std::move(sums))
    {}

    std::uint64_t size() const override { return m_length; }

    Result<void> rewind() override
    {
        if (m_at == 0)
            return {};
        m_at = 0;
        m_sums = m_start.copy();
        return m_stream.part_again();
    }

    Result<std::size_t> read(std::span<std::byte> into) override
    {
        auto const n = m_stream.read(into.first(std::min<std::uint64_t>(into.size(), m_length - m_at)));
        if (!n || *n == 0) {
            m_error = n ? Error{ErrorCode::interrupted, "the image ends here"} : n.error();
            m_ends_early = n.has_value();
            return fail(*m_error);
        }
        m_sums.update(into.first(*n));
        m_at += *n;
        return *n;
    }

    bool complete() const { return m_at == m_length; }
    // The image is shorter than it might have been.
    bool ends_early() const { return m_ends_early; }
    const std::optional<Error> &error() const { return m_error; }
    PartSums &sums() { return m_sums; }

private:
    ImageStream &m_stream;
    std::uint64_t m_length;
    PartSums m_start;
    PartSums m_sums;
    std::uint64_t m_at = 0;
    bool m_ends_early = false;
    std::optional<Error> m_error;
};

// The head, once it is known.
class HeadBody final : public RequestBody {
public:
    HeadBody(Bytes head, PartSums sums) : m_head(head), m_sums(std::move(sums)) { m_sums.update(head); }

    std::uint64_t size() const override { return m_head.size(); }
    Result<void> rewind() override
    {
        m_at = 0;
        return {};
    }
    Result<std::size_t> read(std::span<std::byte> into) override
    {
        std::size_t const n = std::min(into.size(), m_head.size() - m_at);
        std::ranges::copy(m_head.subspan(m_at, n), into.begin());
        m_at += n;
        return n;
    }

    bool complete() const { return m_at == m_head.size(); }
    static bool ends_early() { return false; }
    static std::optional<Error> error() { return {}; }
    PartSums &sums() { return m_sums; }

private:
    Bytes m_head;
    PartSums m_sums;
    std::size_t m_at = 0;
};

class StreamUpload {
public:
    StreamUpload(const std::string &manifest_path, ImageStream &stream, const ObjectDestination &destination,
                 ObjectStore &store, const StreamUploadSettings &settings, ProgressSink &progress)
        : m_manifest_path(manifest_path), m_stream(stream), m_destination(destination), m_key(destination.key),
          m_store(store), m_settings(settings), m_progress(progress),
          m_caller(settings.retry, [&progress](std::string_view text) { progress.note(text); })
    {}

    Result<StreamedObject> run()
    {
        auto const lock = lock_journal(m_manifest_path);
        if (!lock)
            return fail(lock.error());
        if (auto done = open_journal(); !done)
            return fail(done.error());
        m_progress.begin("upload", m_destination.name());
        auto object = upload();
        m_progress.end();
        if (!object)
            return fail(given_up(object.error()));
        return m_result;
    }

private:
    // What is behind us of the image.
    struct Passed {
        std::optional<Sha256> whole = {};  // of everything up to here, where that can be known
        std::uint32_t last = 0;            // the part that was taken last
        bool all_compared = true;          // by checksum
        std::map<std::uint32_t, ManifestPart> parts = {};
        std::map<std::uint32_t, std::string> etags = {};
        std::map<std::uint32_t, std::uint64_t> crcs = {};
    };

    // ---------------------------------------------------------------------------------------- before the first part

    // What there is to go on with, and whether the name is free.
    Result<void> open_journal()
    {
        auto journal = read_journal(m_manifest_path);
        if (!journal)
            return fail(journal.error());
        StoreCaller const first(m_settings.first_contact, [this](std::string_view text) { m_progress.note(text); });
        auto const there = first.call([&] { return m_store.head(m_key); });
        if (!there)
            return fail(there.error().error);
        m_there = *there;
        auto const &address = m_destination.store;
        m_journal = {.destination = m_destination.name(),
                     .region = address.region,
                     .endpoint = address.endpoint,
                     .custom_domain = address.custom_domain,
                     .signature = address.signature == ObjectSignature::v1 ? "v1" : "",
                     .part_size = m_settings.part_size,
                     .overwrite = m_settings.overwrite,
                     .artifact = m_settings.identity};
        if (*journal) {
            if (auto done = go_on(**journal); !done)
                return done;
        }
        if (m_there && !m_compare_only && !m_journal.overwrite)
            return fail({ErrorCode::remote,
                         fmt::format("{} is there already", printable(m_destination.name())),
                         {},
                         {},
                         {},
                         replace_object_hint});
        if (m_journal.upload || m_compare_only)
            return {};
        return begin_noted_upload(m_caller, m_store, m_key, m_manifest_path, m_journal);
    }

    Result<void> go_on(const UploadJournal &old)
    {
        if (old.destination != printable(m_journal.destination))
            return fail({ErrorCode::usage,
                         fmt::format("an upload to {} is unfinished", printable(old.destination)),
                         m_manifest_path,
                         {},
                         {},
                         "finish it with the same command as then, or give it up with imgport upload --abort"});
        auto const id = old.upload ? old.upload : find_lost_id(m_caller, m_store, m_key, old);
        bool const same = old.artifact == m_journal.artifact && old.part_size == m_journal.part_size;
        if (!same) {
            m_progress.note("what is uploaded is not what was begun: it starts anew");
            if (id)
                (void)abort_id(m_caller, m_store, m_key, *id);
            return {};
        }
        m_journal.overwrite = m_journal.overwrite || old.overwrite;
        if (!id)
            return {};
        auto const there = m_caller.call([&] { return m_store.parts(m_key, *id); });
        if (!there && there.error().code == "NoSuchUpload") {
            // Gone, or completed by a run that did not live to note it.
            m_compare_only = m_there.has_value();
            if (!m_compare_only)
                m_progress.note("the unfinished upload is gone (expired, or aborted): it starts anew");
            return {};
        }
        if (!there)
            return fail(there.error().error);
        m_journal.upload = id;
        m_journal.others = old.others;
        for (auto const &part : *there)
            m_arrived[part.number] = part;
        for (auto const &part : old.parts)
            m_noted[part.number] = part;
        m_progress.note(fmt::format("the upload goes on: {} parts have arrived", m_arrived.size()));
        return {};
    }

    // ----------------------------------------------------------------------------------------------------- the parts

    StoreResult<ObjectInfo> upload()
    {
        auto object = pass_all();
        if (object || !m_is_another)
            return object;
        if (!m_journal.overwrite) {
            (void)remove_journal(m_manifest_path);
            return object;
        }
        m_progress.note("the unfinished upload is gone, and what is there is another object: it is replaced");
        m_stream.from_the_start();
        m_compare_only = false;
        m_is_another = false;
        m_passed = {};
        m_result = {};
        if (auto begun = begin_noted_upload(m_caller, m_store, m_key, m_manifest_path, m_journal); !begun)
            return tl::unexpected(local_failure(begun.error()));
        return pass_all();
    }

    StoreResult<ObjectInfo> pass_all()
    {
        if (m_settings.measured)
            begin_whole(m_settings.measured->head);
        std::uint32_t number = 2;  // the head is the first part
        for (;; ++number) {
            auto const more = m_stream.next_part();
            if (!more)
                return tl::unexpected(local_failure(more.error()));
            if (!*more)
                break;
            if (m_settings.head_is_final && number == 2)
                begin_whole(m_stream.head());
            if (auto done = pass_part(number); !done)
                return tl::unexpected(done.error());
            m_progress.update(m_stream.disk_position(), m_settings.disk_size);
        }
        if (auto done = pass_head(); !done)
            return tl::unexpected(done.error());
        if (auto same = m_settings.check_source(); !same)
            return tl::unexpected(local_failure(same.error()));
        return complete();
    }

    void begin_whole(Bytes head)
    {
        m_passed.whole.emplace();
        m_passed.whole->update(head);
    }

    PartSums new_sums(bool with_whole) const
    {
        return PartSums(m_destination.store.dialect == StoreDialect::s3,
                        with_whole && m_passed.whole ? std::optional(m_passed.whole->copy()) : std::nullopt);
    }

    // Keeps what has arrived, and sends what has not.
    StoreResult<void> pass_part(std::uint32_t number)
    {
        auto const arrived = m_arrived.find(number);
        if (arrived != m_arrived.end() || m_compare_only) {
            auto const kept = read_through(number, arrived != m_arrived.end() ? &arrived->second : nullptr);
            if (!kept)
                return tl::unexpected(local_failure(kept.error()));
            if (*kept)
                return {};
            if (auto done = m_stream.part_again(); !done)
                return tl::unexpected(local_failure(done.error()));
        }
        return send(number, [this] {
            return StreamBody(m_stream, m_stream.part_length().value_or(m_settings.part_size), new_sums(true));
        });
    }

    // Without sending it; whether it is what has arrived.
    Result<bool> read_through(std::uint32_t number, const PartInfo *arrived)
    {
        auto sums = new_sums(true);
        std::vector<std::byte> buffer(std::size_t{256} << 10);
        for (;;) {
            auto const n = m_stream.read(buffer);
            if (!n)
                return fail(n.error());
            if (*n == 0)
                break;
            sums.update(Bytes(buffer).first(*n));
        }
        if (m_compare_only) {
            take(number, sums.md5(), sums, true);
            return true;
        }
        auto const noted = m_noted.find(number);
        bool const compared = sums.matches(*arrived) == PartMatch::yes;
        bool const known = noted != m_noted.end() && noted->second.etag == arrived->etag &&
                           noted->second.crc64ecma == std::to_string(sums.crc64());
        bool const same = arrived->size == sums.size() && (compared || known);
        if (same)
            take(number, arrived->etag, sums, compared || noted->second.compared);
        return same;
    }

    StoreResult<void> pass_head()
    {
        Bytes const head = m_stream.image().head;
        if (m_settings.measured && (m_stream.image().size != m_settings.measured->size ||
                                    !std::ranges::equal(head, m_settings.measured->head)))
            return tl::unexpected(local_failure({ErrorCode::unreadable, "the source has changed while it was read"}));
        auto sums = new_sums(false);
        sums.update(head);
        if (!m_passed.whole)
            m_result.sha256 = m_passed.last == 0 ? sums.sha256() : "";
        if (m_compare_only) {
            take(1, sums.md5(), sums, true);
            return {};
        }
        if (auto const arrived = m_arrived.find(1); arrived != m_arrived.end() && arrived->second.size == head.size() &&
                                                    sums.matches(arrived->second) == PartMatch::yes) {
            take(1, arrived->second.etag, sums, true);
            return {};
        }
        return send(1, [&] { return HeadBody(head, new_sums(false)); });
    }

    template <typename MakeBody>
    StoreResult<void> send(std::uint32_t number, MakeBody make_body)
    {
        PartAttempts attempts(m_settings.retry);
        for (;;) {
            auto body = make_body();
            auto sent = m_store.send_part(m_key, *m_journal.upload, number, body);
            if (body.ends_early()) {
                // Its length is known now; the store drops what came of it.
                if (auto done = again(number); !done)
                    return tl::unexpected(local_failure(done.error()));
                continue;
            }
            if (auto const &error = body.error())
                return tl::unexpected(local_failure(*error));
            if (sent) {
                auto const match = body.complete() ? body.sums().matches(*sent) : PartMatch::no;
                if (match != PartMatch::no) {
                    take(number, sent->etag, body.sums(), match == PartMatch::yes);
                    return {};
                }
                sent = tl::unexpected(arrived_wrong(number));
            }
            auto &failure = sent.error();
            auto const wait = attempts.after(failure);
            if (!wait)
                return tl::unexpected(std::move(failure));
            m_progress.note(fmt::format("part {} is sent again: {}", number, describe(failure.error)));
            if (!sleep_unless_interrupted(*wait))
                return tl::unexpected(local_failure({ErrorCode::interrupted, "interrupted"}));
            if (auto done = again(number); !done)
                return tl::unexpected(local_failure(done.error()));
        }
    }

    Result<void> again(std::uint32_t number) { return number == 1 ? Result<void>() : m_stream.part_again(); }

    // `compared`: by checksum with what arrived.
    void take(std::uint32_t number, const std::string &etag, PartSums &sums, bool compared)
    {
        m_passed.all_compared = m_passed.all_compared && compared;
        std::uint64_t const offset = number == 1 ? 0 : m_stream.part_offset();
        m_passed.etags[number] = etag;
        m_passed.parts[number] = {number, offset, sums.size(), std::to_string(sums.crc64()), sums.sha256()};
        m_passed.crcs[number] = sums.crc64();
        m_passed.last = number;
        if (auto whole = sums.take_whole())
            m_passed.whole = std::move(whole);
        m_journal.parts.push_back({number, etag, std::to_string(sums.crc64()), compared});
        // Where that fails, the store's list and the parts made again tell as much.
        if (!m_compare_only)
            (void)write_journal(m_manifest_path, m_journal);
    }

    // ------------------------------------------------------------------------------------------------- after the last

    StoreResult<ObjectInfo> complete()
    {
        std::uint64_t crc = 0;
        std::vector<PartInfo> parts;
        for (auto const &[number, part] : m_passed.parts) {
            crc = crc64_combine(crc, m_passed.crcs[number], part.size);
            parts.push_back({.number = number,
                             .size = part.size,
                             .etag = m_passed.etags[number],
                             .etag_is_md5 = m_passed.all_compared});
            m_result.parts.push_back(part);
        }
        m_result.crc64 = crc;
        if (m_passed.whole)
            m_result.sha256 = to_hex(m_passed.whole->finish());
        ExpectedObject expected{.size = m_stream.image().size, .crc64 = crc, .oss = m_destination.in_oss()};
        StoreResult<ObjectInfo> object;
        if (m_compare_only) {
            std::vector<std::string> etags;
            etags.reserve(parts.size());
            for (auto const &part : parts)
                etags.push_back(part.etag);
            expected.etag = etag_of_parts(etags);
            if (compare_object(*m_there, expected) != ObjectMatch::same) {
                m_is_another = true;
                return tl::unexpected(local_failure({ErrorCode::remote,
                                                     "is there already, and is another object",
                                                     printable(m_destination.name()),
                                                     {},
                                                     {},
                                                     replace_object_hint}));
            }
            object = *m_there;
        } else {
            object = complete_object(m_caller, m_store, m_destination.name(), m_key, *m_journal.upload, parts, expected,
                                     !m_journal.overwrite);
        }
        if (!object)
            return object;
        m_result.receipt =
            make_upload_receipt(m_destination, *object, expected, m_result.sha256, m_passed.all_compared);
        return object;
    }

    // The error for the user, with what can be done now.
    Error given_up(const StoreFailure &failure)
    {
        Error error = failure.error;
        if (m_is_another)
            return error;
        std::string const remedy =
            "what has arrived is kept: the same command goes on, imgport upload --abort gives it up";
        error.hint = error.hint.empty() ? remedy : error.hint + "; " + remedy;
        return error;
    }

    const std::string &m_manifest_path;
    ImageStream &m_stream;
    const ObjectDestination &m_destination;
    const std::string &m_key;
    ObjectStore &m_store;
    const StreamUploadSettings &m_settings;
    ProgressSink &m_progress;
    StoreCaller m_caller;

    std::optional<ObjectInfo> m_there;
    UploadJournal m_journal;
    bool m_compare_only = false;  // the object is there, perhaps ours: nothing is sent
    bool m_is_another = false;    // it turned out not to be
    std::map<std::uint32_t, PartInfo> m_arrived;
    std::map<std::uint32_t, JournalPart> m_noted;

    Passed m_passed;
    StreamedObject m_result;
};

}  // namespace

Result<StreamedObject> upload_stream(const std::string &manifest_path, ImageStream &stream,
                                     const ObjectDestination &destination, ObjectStore &store,
                                     const StreamUploadSettings &settings, ProgressSink &progress)
{
    return StreamUpload(manifest_path, stream, destination, store, settings, progress).run();
}

}  // namespace imgport
