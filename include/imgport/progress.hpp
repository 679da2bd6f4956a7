// Where long work says how far it is, and where it is told to stop.
#pragma once

#include <cstdint>
#include <string_view>

namespace imgport {

// Called from one thread at a time.
class ProgressSink {
public:
    virtual ~ProgressSink() = default;
    // A new stage: "plan", "unpack", "inspect", "convert", "verify", "digest", "copy", "measure", "upload", "import",
    // "appliance". `subject` is the image's path, or what else the stage is about.
    virtual void begin(std::string_view stage, std::string_view subject) = 0;
    // How far the stage is, in bytes or in hundredths of a per cent; total 0: not known.
    virtual void update(std::uint64_t done, std::uint64_t total) = 0;
    virtual void end() = 0;
    // A line for the user that is neither a result nor an error.
    virtual void note(std::string_view text) = 0;
};

// Does nothing.
ProgressSink &silent_progress();

// Set by the program's signal handler; long work looks at it and ends with ErrorCode::interrupted.
void request_interrupt() noexcept;  // async-signal-safe
bool interrupted() noexcept;

}  // namespace imgport
