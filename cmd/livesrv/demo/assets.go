package demo

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"time"
)

//go:embed assets
var assets embed.FS

// goods is assets/products.json.
type goods struct {
	Currency string `json:"currency"`
	Poster   string `json:"poster"` // the product whose picture stands for the show: one that is whole when cut to 16:9
	Products []good `json:"products"`
}

type good struct {
	Handle      string     `json:"handle"`
	Title       string     `json:"title"`
	Vendor      string     `json:"vendor"`
	Description string     `json:"description"`
	Options     []string   `json:"options"`
	Images      []string   `json:"images"`
	SKUs        []sellable `json:"skus"`
}

type sellable struct {
	Code      string   `json:"code"`
	Options   []string `json:"options"`
	Price     int64    `json:"price"`
	CompareAt *int64   `json:"compareAt"`
	Stock     int      `json:"stock"`
	Image     string   `json:"image"`
}

// scene says from when to when, in a round of the clip, a product is on screen. Seconds.
type scene struct {
	Product string  `json:"product"`
	From    float64 `json:"from"`
	To      float64 `json:"to"`
}

func (s scene) from() time.Duration { return time.Duration(s.From * float64(time.Second)) }
func (s scene) to() time.Duration   { return time.Duration(s.To * float64(time.Second)) }

// readAssets reads what the demo sells and when the clip shows it.
func readAssets() (goods, []scene, error) {
	var g goods
	if err := readJSON("assets/products.json", &g); err != nil {
		return goods{}, nil, err
	}
	var s struct {
		Scenes []scene `json:"scenes"`
	}
	if err := readJSON("assets/scenes.json", &s); err != nil {
		return goods{}, nil, err
	}
	return g, s.Scenes, nil
}

func readJSON(name string, v any) error {
	b, err := assets.ReadFile(name)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, v); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

func readImage(name string) ([]byte, error) {
	return fs.ReadFile(assets, path.Join("assets/images", name))
}

// builtInClip reads the clip that is part of the program.
func builtInClip() (*Clip, error) {
	b, err := assets.ReadFile("assets/clip.mp4")
	if err != nil {
		return nil, err
	}
	return ReadClip(bytes.NewReader(b))
}
