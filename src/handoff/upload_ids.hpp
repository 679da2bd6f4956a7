// The ids of unfinished uploads, none of which may get lost: what lies at a store is billed until someone ends it.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "cloud/object_store.hpp"
#include "cloud/retry.hpp"
#include "handoff/upload_journal.hpp"

namespace imgport {

// with_retries() for the requests beside the parts; each wait is told to `note`.
class StoreCaller {
public:
    StoreCaller(const RetryPolicy &policy, std::function<void(std::string_view)> note)
        : m_policy(policy), m_note(std::move(note))
    {}

    template <typename Attempt>
    auto call(Attempt attempt) const
    {
        return with_retries(m_policy, std::move(attempt), [this](const StoreFailure &failure, auto) {
            m_note("tried again: " + describe(failure.error));
        });
    }

    void note(std::string_view text) const { m_note(text); }

private:
    RetryPolicy m_policy;
    std::function<void(std::string_view)> m_note;
};

// Of exactly this key.
StoreResult<std::vector<std::string>> unfinished_ids(const StoreCaller &caller, ObjectStore &store,
                                                     const std::string &key);

// An upload that is gone already is no failure.
StoreResult<void> abort_id(const StoreCaller &caller, ObjectStore &store, const std::string &key,
                           const std::string &id);

// Ends an upload that nobody needs any more; where that fails, the user is told what stays and is billed.
void end_unneeded(const StoreCaller &caller, ObjectStore &store, const std::string &key, const std::string &id);

// Ends all of this key but `others`. What a store does not let us list or end stays.
void abort_all_but(const StoreCaller &caller, ObjectStore &store, const std::string &key,
                   const std::vector<std::string> &others);

// Notes in the journal that an upload is about to begin, begins it and notes its id. An answer that got lost on the way
// leaves no second upload behind.
Result<void> begin_noted_upload(const StoreCaller &caller, ObjectStore &store, const std::string &key,
                                const std::string &manifest, UploadJournal &journal);

// The id that begin_noted_upload() did not come to note; none where there is no such upload, or where it cannot be told
// from others'.
std::optional<std::string> find_lost_id(const StoreCaller &caller, ObjectStore &store, const std::string &key,
                                        const UploadJournal &journal);

}  // namespace imgport
