// The libguestfs handle: started, watched, and closed again. Only the appliance's own files see the C API.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <guestfs.h>

#include <imgport/error.hpp>

#include "appliance/watchdog.hpp"
#include "filesystem/appliance_module.hpp"

namespace imgport {

// What libguestfs hands out is freed by these.
struct GuestfsFree {
    void operator()(char *text) const;
    void operator()(char **list) const;  // with its strings
    void operator()(struct guestfs_statns *stat) const { guestfs_free_statns(stat); }
    void operator()(guestfs_statns_list *list) const { guestfs_free_statns_list(list); }
    void operator()(guestfs_dirent_list *list) const { guestfs_free_dirent_list(list); }
    void operator()(guestfs_btrfssubvolume_list *list) const { guestfs_free_btrfssubvolume_list(list); }
};
template <class T>
using GuestfsOwned = std::unique_ptr<T, GuestfsFree>;
using GuestfsText = GuestfsOwned<char>;
using GuestfsStrings = std::unique_ptr<char *, GuestfsFree>;  // ends with a null

enum class Acceleration { kvm, none };

class GuestfsHandle {
public:
    // Starts the appliance. The user's LIBGUESTFS_* variables are respected.
    static Result<std::shared_ptr<GuestfsHandle>> launch(const ApplianceDisk &disk, Acceleration acceleration);
    ~GuestfsHandle();
    GuestfsHandle(const GuestfsHandle &) = delete;
    GuestfsHandle &operator=(const GuestfsHandle &) = delete;

    // One call: run([](guestfs_h *g) { return guestfs_lvs(g); }). Ends within a few minutes whatever the filesystem
    // does to the appliance's kernel, and at once when the user stops us.
    template <class Call>
    auto run(Call &&call)
    {
        m_messages.clear();
        BlockedSigpipe const blocked;
        Watchdog::Guard const guard(m_watchdog, call_limit);
        return std::forward<Call>(call)(m_guestfs);
    }

    // Why the last call failed: `subject` is what it was about. interrupted where the user stopped us, environment
    // where the appliance is gone, else unreadable.
    Error error(const std::string &subject) const;
    // Set once the appliance is gone.
    std::optional<Error> failure() const;
    // errno of the last call, 0 where it has none.
    int last_errno() const { return guestfs_last_errno(m_guestfs); }

private:
    explicit GuestfsHandle(std::string marker);
    Result<void> prepare(const ApplianceDisk &disk, Acceleration acceleration, const std::string &marker);
    std::string said() const;

    // A write to an appliance that died must not end the program.
    class BlockedSigpipe {
    public:
        BlockedSigpipe();
        ~BlockedSigpipe();
        BlockedSigpipe(const BlockedSigpipe &) = delete;
        BlockedSigpipe &operator=(const BlockedSigpipe &) = delete;

    private:
        sigset_t m_old;
        bool m_was_pending = false;
    };

    static constexpr std::chrono::seconds call_limit{300};

    guestfs_h *m_guestfs;
    std::vector<std::string> m_messages;
    mutable Watchdog m_watchdog;
};

}  // namespace imgport
