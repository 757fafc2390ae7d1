package api

import "github.com/danielgtaylor/huma/v2"

// Huma lets tests compare answers with the description.
func (a *API) Huma() huma.API { return a.huma }
