// What calling an import, following it and cancelling it have in common: the receipt, the line to the cloud, and how
// long to wait.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include <imgport/import_call.hpp>
#include <imgport/receipt.hpp>

#include "cloud/api_client.hpp"
#include "handoff/ecs.hpp"
#include "handoff/import_errors.hpp"
#include "handoff/import_run.hpp"

namespace imgport {

// How often a task that should be there by now is looked for before that counts as an error.
inline constexpr unsigned looks_for_task = 12;

// The pace of looking: seldom where it has taken long already.
class LookPace {
public:
    explicit LookPace(const ImportCallOptions &options) : m_options(options) {}
    std::chrono::milliseconds next() const;

private:
    const ImportCallOptions &m_options;
    std::chrono::steady_clock::time_point m_start = std::chrono::steady_clock::now();
};

class ImportSession {
public:
    // What is given by reference must outlive the session.
    ImportSession(const std::string &manifest, const ImportCallOptions &options, ProgressSink &progress, Cloud cloud);

    const std::string &manifest() const { return m_manifest; }
    const ImportCallOptions &options() const { return m_options; }
    ProgressSink &progress() const { return m_progress; }
    const std::string &region() const { return m_region; }

    // Where and as what the import is made, for the words of errors.
    ImportCallContext context = {};
    HandOver hand_over = {};
    // What the user should know when we stop before the end.
    std::string when_left = {};

    ImportReceipt &receipt() { return *hand_over.import; }
    Result<void> save() { return write_receipt(m_manifest, hand_over); }

    Result<void> connect(const std::string &region);
    Ecs first_calls() { return ecs(m_cloud.first_calls); }
    Ecs while_following() { return ecs(m_cloud.while_following); }

    // Until the next look. An error where the user stopped the work, or its time is over.
    Result<void> wait(const LookPace &pace);
    // With what the user should know then.
    Error left(Error error) const;
    Error failed_call(const ApiFailure &failure) const { return describe_import_failure(failure, context); }

private:
    Ecs ecs(const RetryPolicy &policy);

    const std::string &m_manifest;
    const ImportCallOptions &m_options;
    ProgressSink &m_progress;
    Cloud m_cloud;
    std::optional<ApiClient> m_client = {};
    std::string m_region = {};
    std::optional<std::chrono::steady_clock::time_point> m_deadline = {};
};

}  // namespace imgport
