package httpapi

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"

	"github.com/gofiber/fiber/v2"
)

// ClientCertificates says who has to show a certificate.
type ClientCertificates string

// The demands. Whatever is demanded, a certificate that is shown has to be one
// of the authorities', valid now, and of the bank whose key signs.
const (
	// CertificatesOptional demands none.
	CertificatesOptional ClientCertificates = "optional"
	// CertificatesOfBanks refuses a signed request that came without one; officers
	// need none.
	CertificatesOfBanks ClientCertificates = "banks"
	// CertificatesOfAll ends every handshake without one.
	CertificatesOfAll ClientCertificates = "all"
)

// TLS is how the API and the upload address speak TLS, 1.2 or newer.
type TLS struct {
	Certificate tls.Certificate
	// ClientCAs are the authorities of the banks' certificates; nil asks for none. A
	// certificate is of the bank whose code is its subject's common name.
	ClientCAs *x509.CertPool
	Demand    ClientCertificates
}

// check refuses what could not keep its promise.
func (t *TLS) check() error {
	switch t.Demand {
	case "":
		t.Demand = CertificatesOptional
	case CertificatesOptional, CertificatesOfBanks, CertificatesOfAll:
	default:
		return fmt.Errorf("http server: %q is no demand for client certificates", t.Demand)
	}
	if len(t.Certificate.Certificate) == 0 {
		return fmt.Errorf("http server: TLS needs a certificate of its own")
	}
	if t.ClientCAs == nil && t.Demand != CertificatesOptional {
		return fmt.Errorf("http server: client certificates of %s need an authority", t.Demand)
	}
	return nil
}

// listener wraps l; a nil TLS leaves it as it is.
func (t *TLS) listener(l net.Listener) net.Listener {
	if t == nil {
		return l
	}
	auth := tls.NoClientCert
	switch {
	case t.ClientCAs == nil:
	case t.Demand == CertificatesOfAll:
		auth = tls.RequireAndVerifyClientCert
	default:
		auth = tls.VerifyClientCertIfGiven
	}
	return tls.NewListener(l, &tls.Config{
		MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{t.Certificate},
		ClientCAs: t.ClientCAs, ClientAuth: auth,
	})
}

// certified compares the connection's certificate with the bank whose key signed:
// neither a stolen key nor a stolen certificate is enough.
func (s *Server) certified(fc *fiber.Ctx, bankCode string) error {
	if s.config.TLS == nil || s.config.TLS.ClientCAs == nil {
		return nil
	}
	state := fc.Context().TLSConnectionState()
	if state == nil || len(state.VerifiedChains) == 0 {
		if s.config.TLS.Demand == CertificatesOptional {
			return nil
		}
		return errCertificateMissing
	}
	if state.VerifiedChains[0][0].Subject.CommonName != bankCode {
		return errCertificateOther
	}
	return nil
}
