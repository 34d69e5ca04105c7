// SPDX-License-Identifier: Apache-2.0
// errors.c: message texts of error codes.
#include "verdict/errors_int.h"
#include "verdict/verdict.h"

static const char *find(const struct error_text *t, size_t n, uint32_t code)
{
	size_t low = 0, high = n;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (t[mid].code == code)
			return t[mid].text;
		if (t[mid].code < code)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

const char *ntstatus_text(uint32_t status)
{
	return find(ntstatus_texts, n_ntstatus_texts, status);
}

const char *win32_error_text(uint32_t error)
{
	return find(win32_texts, n_win32_texts, error);
}

const char *hresult_text(uint32_t hr)
{
	// winerror.h: the codes of FACILITY_NULL and FACILITY_ITF that every COM program meets.
	static const struct error_text common[] = {
		{ 0x80004001, "Not implemented" },
		{ 0x80004002, "No such interface supported" },
		{ 0x80004003, "Invalid pointer" },
		{ 0x80004004, "Operation aborted" },
		{ 0x80004005, "Unspecified error" },
		{ 0x8000ffff, "Catastrophic failure" },
		{ 0x80010105, "The server threw an exception." },
		{ 0x80010106, "Cannot change thread mode after it is set." },
		{ 0x80010108, "The object invoked has disconnected from its clients." },
		{ 0x8001010e, "The application called an interface that was marshalled for a different thread." },
		{ 0x80040154, "Class not registered" },
		{ 0x800401f0, "CoInitialize has not been called." },
	};
	// HRESULT_FROM_WIN32 and HRESULT_FROM_NT.
	if (hr >> 16 == 0x8007)
		return win32_error_text(hr & 0xffff);
	if (hr & 0x10000000)
		return ntstatus_text(hr & ~(uint32_t)0x10000000);
	return find(common, ARRAY_LEN(common), hr);
}
