// SPDX-License-Identifier: Apache-2.0
// status_tab.c: what the system says for NTSTATUS and Win32 error codes that crashes meet. Codes and meanings:
// Microsoft, [MS-ERREF] sections 2.2 and 2.3. Not the whole list: others have no text here.
#include "verdict/verdict.h"

struct message {
	uint32_t code;
	const char *text;
};

static const struct message ntstatus[] = {
	{ 0x00000000, "STATUS_SUCCESS" },
	{ 0x00000080, "STATUS_ABANDONED_WAIT_0" },
	{ 0x000000c0, "STATUS_USER_APC" },
	{ 0x00000102, "STATUS_TIMEOUT" },
	{ 0x00000103, "The operation that was requested is pending completion." },
	{ 0x40000015, "{Fatal Application Exit}  %hs" },
	{ 0x4000001e, "An exception status code used by the Win32 x86 emulation subsystem." },
	{ 0x4000001f, "An exception status code used by the Win32 x86 emulation subsystem." },
	{ 0x40010005, "Debugger received control C." },
	{ 0x80000001,
	  "{EXCEPTION}  Guard Page Exception A page of memory that marks the end of a data structure, such as a "
	  "stack or an array, has been accessed." },
	{ 0x80000002,
	  "{EXCEPTION}  Alignment Fault A datatype misalignment was detected in a load or store instruction." },
	{ 0x80000003, "{EXCEPTION}  Breakpoint A breakpoint has been reached." },
	{ 0x80000004, "{EXCEPTION}  Single Step A single step or trace operation has just been completed." },
	{ 0x80000005, "{Buffer Overflow}  The data was too large to fit into the specified buffer." },
	{ 0x80000006, "{No More Files}  No more files were found which match the file specification." },
	{ 0x8000001a, "{No More Entries}  No more entries are available from an enumeration operation." },
	{ 0xc0000001, "{Operation Failed}  The requested operation was unsuccessful." },
	{ 0xc0000002, "{Not Implemented}  The requested operation is not implemented." },
	{ 0xc0000003, "{Invalid Parameter}  The specified information class is not a valid information class for the "
		      "specified object." },
	{ 0xc0000004, "The specified information record length does not match the length required for the specified "
		      "information class." },
	{ 0xc0000005, "The instruction at 0x%p referenced memory at 0x%p. The memory could not be %s." },
	{ 0xc0000006, "The instruction at 0x%p referenced memory at 0x%p. The required data was not placed into memory "
		      "because of an I/O error status of 0x%x." },
	{ 0xc0000007, "The pagefile quota for the process has been exhausted." },
	{ 0xc0000008, "An invalid HANDLE was specified." },
	{ 0xc000000d, "An invalid parameter was passed to a service or function." },
	{ 0xc000000e, "A device which does not exist was specified." },
	{ 0xc000000f, "{File Not Found}  The file %hs does not exist." },
	{ 0xc0000010, "The specified request is not a valid operation for the target device." },
	{ 0xc0000011,
	  "The end-of-file marker has been reached. There is no valid data in the file beyond this marker." },
	{ 0xc0000017, "{Not Enough Quota}  Not enough virtual memory or paging file quota is available to complete the "
		      "specified operation." },
	{ 0xc0000018, "{Conflicting Address Range}  The specified address range conflicts with the address space." },
	{ 0xc000001a, "Unable to free the specified memory." },
	{ 0xc000001d, "{EXCEPTION}  Illegal Instruction An attempt was made to execute an illegal instruction." },
	{ 0xc0000022, "{Access Denied}  A process has requested access to an object, but has not been granted those "
		      "access rights." },
	{ 0xc0000023,
	  "{Buffer Too Small}  The buffer is too small to contain the entry. No information has been written "
	  "to the buffer." },
	{ 0xc0000024,
	  "{Wrong Type}  There is a mismatch between the type of object required by the requested operation "
	  "and the type of object that is specified in the request." },
	{ 0xc0000025, "{EXCEPTION}  Cannot Continue Windows cannot continue from this exception." },
	{ 0xc0000026, "An invalid exception disposition was returned by an exception handler." },
	{ 0xc0000027, "Unwind exception code." },
	{ 0xc0000028, "An invalid or unaligned stack was encountered during an unwind operation." },
	{ 0xc000002a, "An attempt was made to unlock a page of memory which was not locked." },
	{ 0xc000002b, "Device parity error on I/O operation." },
	{ 0xc000002d, "An attempt was made to decommit uncommitted virtual memory." },
	{ 0xc0000034, "Object Name not found." },
	{ 0xc0000035, "Object Name already exists." },
	{ 0xc0000037, "An attempt to send a message to a disconnected communication port." },
	{ 0xc000003a, "{Path Not Found}  The path %hs does not exist." },
	{ 0xc0000040, "The attributes of the specified mapping file for a section of memory cannot be read." },
	{ 0xc0000043, "A file cannot be opened because the share access flags are incompatible." },
	{ 0xc0000044, "Insufficient quota exists to complete the operation" },
	{ 0xc0000045, "The specified page protection was not valid." },
	{ 0xc0000046, "An attempt to release a mutant object was made by a thread that was not the owner of the mutant "
		      "object." },
	{ 0xc0000047,
	  "An attempt was made to release a semaphore such that its maximum count would have been exceeded." },
	{ 0xc000004b, "An attempt was made to access a thread that is terminating." },
	{ 0xc0000061, "A required privilege is not held by the client." },
	{ 0xc000007b,
	  "{Bad Image}  %hs is either not designed to run on Windows or it contains an error. Try installing "
	  "the program again using the original installation media or contact your system administrator or "
	  "the software vendor for support." },
	{ 0xc000007f, "An operation failed because the disk was full." },
	{ 0xc000008c, "{EXCEPTION}  Array bounds exceeded." },
	{ 0xc000008d, "{EXCEPTION}  Floating-point denormal operand." },
	{ 0xc000008e, "{EXCEPTION}  Floating-point division by zero." },
	{ 0xc000008f, "{EXCEPTION}  Floating-point inexact result." },
	{ 0xc0000090, "{EXCEPTION}  Floating-point invalid operation." },
	{ 0xc0000091, "{EXCEPTION}  Floating-point overflow." },
	{ 0xc0000092, "{EXCEPTION}  Floating-point stack check." },
	{ 0xc0000093, "{EXCEPTION}  Floating-point underflow." },
	{ 0xc0000094, "{EXCEPTION}  Integer division by zero." },
	{ 0xc0000095, "{EXCEPTION}  Integer overflow." },
	{ 0xc0000096, "{EXCEPTION}  Privileged instruction." },
	{ 0xc000009a, "Insufficient system resources exist to complete the API." },
	{ 0xc000009c, "STATUS_DEVICE_DATA_ERROR" },
	{ 0xc000009d, "STATUS_DEVICE_NOT_CONNECTED" },
	{ 0xc00000a1, "Insufficient quota exists to complete the operation." },
	{ 0xc00000b5,
	  "{Device Timeout}  The specified I/O operation on %hs was not completed before the time-out period "
	  "expired." },
	{ 0xc00000bb, "The request is not supported." },
	{ 0xc00000fd, "A new guard page for the stack cannot be created." },
	{ 0xc0000120, "The I/O request was canceled." },
	{ 0xc000012d, "{Out of Virtual Memory}  Your system is low on virtual memory." },
	{ 0xc0000135, "{Unable To Locate Component}  This application has failed to start because %hs was not found. "
		      "Re-installing the application may fix this problem." },
	{ 0xc0000138, "{Ordinal Not Found}  The ordinal %ld could not be located in the dynamic link library %hs." },
	{ 0xc0000139, "{Entry Point Not Found}  The procedure entry point %hs could not be located in the dynamic link "
		      "library %hs." },
	{ 0xc000013a, "{Application Exit by CTRL+C}  The application terminated as a result of a CTRL+C." },
	{ 0xc0000142,
	  "{DLL Initialization Failed}  Initialization of the dynamic link library %hs failed. The process is "
	  "terminating abnormally." },
	{ 0xc0000144,
	  "{Application Error}  The exception %s (0x%08lx) occurred in the application at location 0x%08lx." },
	{ 0xc0000185, "The I/O device reported an I/O error." },
	{ 0xc0000194, "{EXCEPTION}  Possible deadlock condition." },
	{ 0xc000020c, "The transport connection is now disconnected." },
	{ 0xc0000218,
	  "{Registry File Failure}  The registry cannot load the hive (file): %hs or its log or alternate. It "
	  "is corrupt, absent, or not writable." },
	{ 0xc000021a,
	  "{Fatal System Error}  The %hs system process terminated unexpectedly with a status of 0x%08x (0x%08x "
	  "0x%08x). The system has been shut down." },
	{ 0xc0000221, "{Bad Image Checksum}  The image %hs is possibly corrupt. The header checksum does not match the "
		      "computed checksum." },
	{ 0xc0000225, "The object was not found." },
	{ 0xc000026e,
	  "A volume has been accessed for which a file system driver is required that has not yet been loaded." },
	{ 0xc0000374, "A heap has been corrupted." },
	{ 0xc0000409, "The system detected an overrun of a stack-based buffer in this application. This overrun could "
		      "potentially allow a malicious user to gain control of this application." },
	{ 0xc0000417, "An invalid parameter was passed to a C runtime function." },
	{ 0xc000041d, "An unhandled exception was encountered during a user callback." },
	{ 0xc0000420, "An assertion failure has occurred." },
	{ 0xc0000421, "Application verifier has found an error in the current process." },
	{ 0xc0000428, "Windows cannot verify the digital signature for this file." },
	{ 0xc0000435, "The hive is in the process of being unloaded." },
	{ 0xc0000602,
	  "{Fail Fast Exception}  A fail fast exception occurred. Exception handlers will not be invoked and "
	  "the process will be terminated immediately." },
};

static const struct message win32[] = {
	{ 0, "The operation completed successfully." },
	{ 1, "Incorrect function." },
	{ 2, "The system cannot find the file specified." },
	{ 3, "The system cannot find the path specified." },
	{ 4, "The system cannot open the file." },
	{ 5, "Access is denied." },
	{ 6, "The handle is invalid." },
	{ 8, "Not enough memory resources are available to process this command." },
	{ 11, "An attempt was made to load a program with an incorrect format." },
	{ 12, "The access code is invalid." },
	{ 13, "The data is invalid." },
	{ 14, "Not enough memory resources are available to complete this operation." },
	{ 15, "The system cannot find the drive specified." },
	{ 16, "The directory cannot be removed." },
	{ 18, "There are no more files." },
	{ 19, "The media is write protected." },
	{ 21, "The device is not ready." },
	{ 23, "Data error (cyclic redundancy check)." },
	{ 24, "The program issued a command but the command length is incorrect." },
	{ 29, "The system cannot write to the specified device." },
	{ 30, "The system cannot read from the specified device." },
	{ 31, "A device attached to the system is not functioning." },
	{ 32, "The process cannot access the file because it is being used by another process." },
	{ 33, "The process cannot access the file because another process has locked a portion of the file." },
	{ 38, "Reached the end of the file." },
	{ 50, "The request is not supported." },
	{ 53, "The network path was not found." },
	{ 55, "The specified network resource or device is no longer available." },
	{ 59, "An unexpected network error occurred." },
	{ 64, "The specified network name is no longer available." },
	{ 67, "The network name cannot be found." },
	{ 80, "The file exists." },
	{ 82, "The directory or file cannot be created." },
	{ 87, "The parameter is incorrect." },
	{ 109, "The pipe has been ended." },
	{ 110, "The system cannot open the device or file specified." },
	{ 111, "The file name is too long." },
	{ 112, "There is not enough space on the disk." },
	{ 120, "This function is not supported on this system." },
	{ 121, "The semaphore timeout period has expired." },
	{ 122, "The data area passed to a system call is too small." },
	{ 123, "The filename, directory name, or volume label syntax is incorrect." },
	{ 126, "The specified module could not be found." },
	{ 127, "The specified procedure could not be found." },
	{ 128, "There are no child processes to wait for." },
	{ 131, "An attempt was made to move the file pointer before the beginning of the file." },
	{ 145, "The directory is not empty." },
	{ 158, "The segment is already unlocked." },
	{ 161, "The specified path is invalid." },
	{ 170, "The requested resource is in use." },
	{ 183, "Cannot create a file when that file already exists." },
	{ 187, "The specified system semaphore name was not found." },
	{ 193, "%1 is not a valid Win32 application." },
	{ 203, "The system could not find the environment option that was entered." },
	{ 206, "The filename or extension is too long." },
	{ 230, "The pipe state is invalid." },
	{ 231, "All pipe instances are busy." },
	{ 232, "The pipe is being closed." },
	{ 233, "No process is on the other end of the pipe." },
	{ 234, "More data is available." },
	{ 258, "The wait operation timed out." },
	{ 259, "No more data is available." },
	{ 267, "The directory name is invalid." },
	{ 288, "Attempt to release mutex not owned by caller." },
	{ 298, "Too many posts were made to a semaphore." },
	{ 299, "Only part of a ReadProcessMemory or WriteProcessMemory request was completed." },
	{ 487, "Attempt to access invalid address." },
	{ 534, "Arithmetic result exceeded 32 bits." },
	{ 535, "There is a process on other end of the pipe." },
	{ 536, "Waiting for a process to open the other end of the pipe." },
	{ 995, "The I/O operation has been aborted because of either a thread exit or an application request." },
	{ 996, "Overlapped I/O event is not in a signaled state." },
	{ 997, "Overlapped I/O operation is in progress." },
	{ 998, "Invalid access to memory location." },
	{ 999, "Error performing inpage operation." },
	{ 1001, "Recursion too deep; the stack overflowed." },
	{ 1008, "An attempt was made to reference a token that does not exist." },
	{ 1053, "The service did not respond to the start or control request in a timely fashion." },
	{ 1056, "An instance of the service is already running." },
	{ 1060, "The specified service does not exist as an installed service." },
	{ 1062, "The service has not been started." },
	{ 1114, "A dynamic link library (DLL) initialization routine failed." },
	{ 1117, "The request could not be performed because of an I/O device error." },
	{ 1168, "Element not found." },
	{ 1223, "The operation was canceled by the user." },
	{ 1225, "The remote computer refused the network connection." },
	{ 1235, "The request was aborted." },
	{ 1265, "The system cannot contact a domain controller to service the authentication request. Please try again "
		"later." },
	{ 1309, "An invalid parameter was passed to a service or function." },
	{ 1314, "A required privilege is not held by the client." },
	{ 1326, "The user name or password is incorrect." },
	{ 1400, "Invalid window handle." },
	{ 1402, "Invalid cursor handle." },
	{ 1407, "Cannot find window class." },
	{ 1410, "Class already exists." },
	{ 1411, "Class does not exist." },
	{ 1413, "Invalid index." },
	{ 1444, "Invalid thread identifier." },
	{ 1447, "The window does not have scroll bars." },
	{ 1450, "Insufficient system resources exist to complete the requested service." },
	{ 1453, "Insufficient quota to complete the requested service." },
	{ 1455, "The paging file is too small for this operation to complete." },
	{ 1460, "This operation returned because the timeout period expired." },
	{ 1717, "The interface is unknown." },
	{ 1722, "The RPC server is unavailable." },
	{ 1726, "The remote procedure call failed." },
	{ 1784, "The supplied user buffer is not valid for the requested operation." },
	{ 1812, "The specified image file did not contain a resource section." },
	{ 1813, "The specified resource type cannot be found in the image file." },
	{ 1814, "The specified resource name cannot be found in the image file." },
	{ 1816, "Not enough quota is available to process this command." },
	{ 10038, "An operation was attempted on something that is not a socket." },
	{ 10048, "Only one usage of each socket address (protocol/network address/port) is normally permitted." },
	{ 10054, "An existing connection was forcibly closed by the remote host." },
	{ 10060,
	  "A connection attempt failed because the connected party did not properly respond after a period of time, "
	  "or established connection failed because connected host has failed to respond." },
	{ 10061, "No connection could be made because the target machine actively refused it." },
	{ 11001, "No such host is known." },
	{ 14001,
	  "The application has failed to start because its side-by-side configuration is incorrect. Please see the "
	  "application event log or use the command-line sxstrace.exe tool for more detail." },
	{ 14007, "The requested lookup key was not found in any active activation context." },
};

static const char *lookup(const struct message *m, size_t n, uint32_t code)
{
	size_t lo = 0, hi = n;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (m[mid].code == code)
			return m[mid].text;
		if (m[mid].code < code)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

const char *ntstatus_text(uint32_t status)
{
	return lookup(ntstatus, ARRAY_LEN(ntstatus), status);
}

const char *win32_error_text(uint32_t error)
{
	return lookup(win32, ARRAY_LEN(win32), error);
}
