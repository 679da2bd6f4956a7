// SIGPIPE, kept from a thread for a while.
#pragma once

#include <csignal>
#include <ctime>

namespace imgport {

// OpenSSL writes to a connection that the other side has closed, and gets the signal for it. libcurl can take care of
// that for the whole process only; this is for one thread.
class NoBrokenPipes {
public:
    NoBrokenPipes()
    {
        sigemptyset(&m_pipe);
        sigaddset(&m_pipe, SIGPIPE);
        sigset_t pending{};
        sigpending(&pending);
        m_was_pending = sigismember(&pending, SIGPIPE) == 1;
        pthread_sigmask(SIG_BLOCK, &m_pipe, &m_before);
    }
    NoBrokenPipes(const NoBrokenPipes &) = delete;
    NoBrokenPipes &operator=(const NoBrokenPipes &) = delete;
    ~NoBrokenPipes()
    {
        timespec const at_once{};
        while (!m_was_pending && sigtimedwait(&m_pipe, nullptr, &at_once) == SIGPIPE) {
        }
        pthread_sigmask(SIG_SETMASK, &m_before, nullptr);
    }

private:
    sigset_t m_pipe{};
    sigset_t m_before{};
    bool m_was_pending = false;
};

}  // namespace imgport
