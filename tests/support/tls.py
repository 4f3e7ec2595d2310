"""A certificate authority of the moment, a TLS server with its certificate, and proxies in front."""

import select
import socket
import ssl
import struct
import subprocess
import threading

DEADLINE = 30


def openssl(folder, *arguments):
    subprocess.run(['openssl', *arguments], cwd=folder, check=True, stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=DEADLINE)


def make_authority(folder):
    """ca.pem, and the server's server.pem and server.key, for the name localhost and two of The Grid's.
    expired.pem is the same, but out of date."""
    openssl(folder, 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes',
            '-subj', '/CN=An authority of the moment', '-keyout', 'ca.key', '-out', 'ca.pem')
    openssl(folder, 'req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes',
            '-subj', '/CN=localhost',
            '-addext', 'subjectAltName=DNS:localhost,DNS:api.thegrid.ai,DNS:supplier.thegrid.ai',
            '-keyout', 'server.key', '-out', 'server.csr')
    for name, days in (('server', '2'), ('expired', '-1')):
        openssl(folder, 'x509', '-req', '-in', 'server.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key',
                '-CAcreateserial', '-copy_extensions', 'copy', '-days', days, '-out', f'{name}.pem')


class Relay:
    """Carries bytes of whoever connects to another port; `greet` prepares a connection, or refuses."""

    def __init__(self, port, greet):
        self.port_behind = port
        self.greet = greet
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.port = self.listener.getsockname()[1]
        self.threads = [threading.Thread(target=self.accept, daemon=True)]
        self.threads[0].start()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self.carry, args=(connection,), daemon=True)
            self.threads.append(thread)
            thread.start()

    def carry(self, connection):
        connection.settimeout(DEADLINE)
        try:
            with connection, socket.create_connection(('127.0.0.1', self.port_behind)) as behind:
                front = self.greet(connection)
                if not front:
                    return
                ends = {front: behind, behind: front}
                while True:
                    ready = [front] if isinstance(front, ssl.SSLSocket) and front.pending() else \
                        select.select(list(ends), [], [], DEADLINE)[0]
                    for end in ready:
                        data = end.recv(65536)
                        if not data:
                            return
                        ends[end].sendall(data)
        except (OSError, ssl.SSLError):
            return

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


def tls_server(folder, port, certificate='server', key='server'):
    """A relay that speaks TLS, with that certificate, and plain text to the port behind it. It would
    speak HTTP/2; `protocols` has what was chosen with each client."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f'{folder}/{certificate}.pem', f'{folder}/{key}.key')
    context.set_alpn_protocols(['h2', 'http/1.1'])

    def greet(connection):
        secure = context.wrap_socket(connection, server_side=True)
        relay.protocols.append(secure.selected_alpn_protocol())
        return secure

    relay = Relay(port, greet)
    relay.protocols = []
    return relay


# ---- proxies -------------------------------------------------------------------------------------

def _take(connection, size):
    data = b''
    while len(data) < size:
        piece = connection.recv(size - len(data))
        if not piece:
            raise OSError('the client has left')
        data += piece
    return data


def _take_until(connection, end):
    data = b''
    while not data.endswith(end):
        data += _take(connection, 1)
    return data


class HttpProxy(Relay):
    """Answers CONNECT so; the first lines of what it was asked are in `asked`."""

    def __init__(self, port, answer='200 Connection established'):
        self.asked = []
        self.answer = answer
        super().__init__(port, self.greet_client)
        self.url = f'http://127.0.0.1:{self.port}'

    def greet_client(self, connection):
        head = _take_until(connection, b'\r\n\r\n')
        self.asked.append(head.split(b'\r\n')[0].decode())
        connection.sendall(f'HTTP/1.1 {self.answer}\r\n\r\n'.encode())
        return connection if self.answer.startswith('200') else None


class SocksProxy(Relay):
    """SOCKS 4, 4a and 5 (RFC 1928, and 1929 where there is a user). `asked` has for each client the
    version, "name" or "address", the host, the port and "user:password" or the user of SOCKS 4."""

    def __init__(self, port, refuses=False, user=None):
        self.asked = []
        self.refuses = refuses
        self.user = user
        super().__init__(port, self.greet_client)
        self.place = f'127.0.0.1:{self.port}'

    def greet_client(self, connection):
        greet = {4: self.greet_4, 5: self.greet_5}[_take(connection, 1)[0]]
        greet(connection)
        return None if self.refuses else connection

    def greet_4(self, connection):
        _, port, address = struct.unpack('!BH4s', _take(connection, 7))
        user = _take_until(connection, b'\0')[:-1].decode()
        kind, host = 'address', socket.inet_ntoa(address)
        if address[:3] == b'\0\0\0':
            kind, host = 'name', _take_until(connection, b'\0')[:-1].decode()
        self.asked.append((4, kind, host, port, user))
        connection.sendall(struct.pack('!BBH4s', 0, 91 if self.refuses else 90, 0, b'\0' * 4))

    def greet_5(self, connection):
        methods = _take(connection, _take(connection, 1)[0])
        who = ''
        if self.user:
            if 2 not in methods:
                connection.sendall(b'\5\xff')
                raise OSError('no way to say who it is')
            connection.sendall(b'\5\2')
            _take(connection, 1)
            who = ':'.join(_take(connection, _take(connection, 1)[0]).decode() for _ in range(2))
            connection.sendall(b'\1\0' if who == self.user else b'\1\1')
            if who != self.user:
                raise OSError('another user')
        else:
            connection.sendall(b'\5\0')
        kind = _take(connection, 4)[3]
        if kind == 3:
            host = _take(connection, _take(connection, 1)[0]).decode()
        else:
            family, size = {1: (socket.AF_INET, 4), 4: (socket.AF_INET6, 16)}[kind]
            host = socket.inet_ntop(family, _take(connection, size))
        port, = struct.unpack('!H', _take(connection, 2))
        self.asked.append((5, 'name' if kind == 3 else 'address', host, port, who))
        connection.sendall(b'\5' + (b'\5' if self.refuses else b'\0') + b'\0\1' + b'\0' * 6)
