#include <imgport/progress.hpp>

#include <atomic>

namespace imgport {
namespace {

class Silent final : public ProgressSink {
public:
    void begin(std::string_view, std::string_view) override {}
    void update(std::uint64_t, std::uint64_t) override {}
    void end() override {}
    void note(std::string_view) override {}
};

std::atomic<bool> g_interrupted{false};
static_assert(std::atomic<bool>::is_always_lock_free, "the signal handler stores to it");

}  // namespace

ProgressSink &silent_progress()
{
    static Silent silent;
    return silent;
}

void request_interrupt() noexcept
{
    g_interrupted = true;
}

bool interrupted() noexcept
{
    return g_interrupted;
}

}  // namespace imgport
