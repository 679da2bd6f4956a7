// An import that was begun, followed to its end: the task, then the image.
#pragma once

#include "handoff/import_session.hpp"

namespace imgport {

class ImportFollower {
public:
    explicit ImportFollower(ImportSession &session) : m_session(session) {}

    // Into the receipt, step by step. `just_called`: by this run.
    Result<void> follow(bool just_called);

    // The image was available before the first look.
    bool was_there() const { return m_was_there; }
    // The task had ended when it was looked at for the first time, just after the call.
    bool was_over() const { return m_was_over; }

private:
    ImportReceipt &receipt() { return m_session.receipt(); }
    Result<void> follow_task(bool just_called);
    Result<void> follow_image();
    Result<void> take(const ImportTask &task);

    ImportSession &m_session;
    bool m_was_there = false;
    bool m_was_over = false;
};

}  // namespace imgport
